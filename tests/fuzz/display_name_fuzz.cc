// A display name of a stranger: judged without trouble, and a protected name is found in it whatever stands around it.
#include <cstdint>
#include <string>
#include <string_view>

#include "base/assert.h"
#include "mail/address.h"
#include "mail/encoded_word.h"
#include "policy/confusables.h"
#include "policy/display_name.h"

using namespace ringpost;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const policy::DisplayNames names({"Chief Executive"}, {{"Ann Lee", "ann"}});
  const std::string_view name(reinterpret_cast<const char*>(data), size);
  const auto nobody = [](const mail::Address&) { return false; };

  const mail::DecodedText decoded = mail::decode_words(name);
  RINGPOST_ASSERT(mail::valid_utf8(decoded.text) && decoded.text.size() <= mail::decoded_octets_max);
  const auto finding = names.check(name, nullptr, nobody);
  RINGPOST_ASSERT(mail::valid_utf8(finding.detail));
  if (size > 200 || !finding.rule.empty()) return 0;

  // Clean so far; with the name in front it is a claim. Words keep apart what could grow together with it.
  const std::string claims = "Ann Lee . " + std::string(name);
  RINGPOST_ASSERT(!names.check(claims, nullptr, nobody).rule.empty());
  const std::string folded = policy::fold_text(decoded.text);
  RINGPOST_ASSERT(policy::fold_text(folded) == folded);
  return 0;
}
