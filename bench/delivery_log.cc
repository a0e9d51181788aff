#include "bench/delivery_log.h"

#include <algorithm>
#include <functional>

#include "base/text.h"

namespace ringpost::bench {

namespace {

constexpr std::string_view field = "\r\nX-Ringpost-Token:";

std::uint64_t hash_of(std::string_view text) noexcept {
  return std::hash<std::string_view>()(text);
}

}  // namespace

void TokenFinder::reset() {
  header_ = "\r\n";  // so that the first field begins like all others
  token_.clear();
  done_ = false;
}

void TokenFinder::feed(std::string_view octets) {
  if (done_) return;
  if (header_.empty()) reset();
  header_.append(octets.substr(0, header_octets_max - std::min(header_octets_max, header_.size())));
  const auto end = header_.find("\r\n\r\n");
  const auto at = std::string_view(header_).substr(0, end).find(field);
  if (at != std::string_view::npos) {
    const auto value = at + field.size();
    const auto line_end = header_.find("\r\n", value);
    if (line_end == std::string::npos) return;
    token_ = trim(std::string_view(header_).substr(value, line_end - value));
    done_ = true;
  }
  if (end != std::string::npos || header_.size() >= header_octets_max) done_ = true;
}

void DeliveryLog::add(const std::string& token, std::span<const std::string> recipients) {
  const std::lock_guard lock(mutex_);
  if (token.empty()) {
    ++counts_.without_token;
    return;
  }
  tokens_.insert(hash_of(token));
  for (const std::string& recipient : recipients) {
    if (!deliveries_.insert(hash_of(token + " " + recipient)).second) ++counts_.duplicates;
  }
}

DeliveryLog::Counts DeliveryLog::counts() const {
  const std::lock_guard lock(mutex_);
  Counts counts = counts_;
  counts.tokens = tokens_.size();
  return counts;
}

}  // namespace ringpost::bench
