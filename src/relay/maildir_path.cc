#include "relay/maildir_path.h"

#include "base/text.h"

namespace ringpost::relay {

std::string path_component(std::string_view value) {
  constexpr std::string_view hex = "0123456789abcdef";
  if (value.empty()) return "%";
  std::string out;
  std::size_t start = 0;  // of the component being written
  for (const char c : value) {
    const auto octet = static_cast<unsigned char>(c);
    const bool at_start = out.size() == start;
    const bool plain = octet >= 0x20 && octet != 0x7f && c != '/' && c != '%' && !(c == '.' && at_start);
    if (out.size() - start + (plain ? 1 : 3) > path_component_octets_max) {
      out += "%/";
      start = out.size();
    }
    if (plain && !(c == '.' && out.size() == start)) {
      out += ascii_lower(c);
    } else {
      out += '%';
      out += hex[octet >> 4];
      out += hex[octet & 15];
    }
  }
  return out;
}

std::string maildir_path(std::string_view path_template, const mail::Address& recipient) {
  constexpr std::string_view domain = "{domain}", local = "{local}";
  std::string path;
  while (!path_template.empty()) {
    if (path_template.starts_with(domain)) {
      path += path_component(recipient.domain);
      path_template.remove_prefix(domain.size());
    } else if (path_template.starts_with(local)) {
      path += path_component(recipient.local);
      path_template.remove_prefix(local.size());
    } else {
      path += path_template.front();
      path_template.remove_prefix(1);
    }
  }
  return path;
}

}  // namespace ringpost::relay
