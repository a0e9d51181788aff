#include "sasl/strict_json.h"

#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

namespace ringpost::sasl {

namespace {

using Json = nlohmann::json;

// Sees the text once before a document is built of it; false ends the reading.
class Inspector final : public nlohmann::json_sax<Json> {
 public:
  bool null() override { return value(); }
  bool boolean(bool) override { return value(); }
  bool number_integer(Json::number_integer_t) override { return value(); }
  bool number_unsigned(Json::number_unsigned_t) override { return value(); }
  bool number_float(Json::number_float_t, const std::string&) override { return value(); }
  bool string(std::string&) override { return value(); }
  bool binary(Json::binary_t&) override { return false; }
  bool start_object(std::size_t) override { return open(); }
  bool start_array(std::size_t) override { return open(); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }
  bool key(std::string& name) override { return names_.back().insert(name).second; }
  bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception&) override { return false; }

 private:
  bool value() noexcept { return ++values_ <= json_values_max; }
  bool open() {
    names_.emplace_back();
    return names_.size() <= json_depth_max && value();
  }
  bool close() {
    names_.pop_back();
    return true;
  }

  std::vector<std::set<std::string>> names_;  // of each open object or array
  std::size_t values_ = 0;
};

}  // namespace

std::optional<Json> parse_strict_object(std::string_view text) {
  Inspector inspector;
  if (!Json::sax_parse(text, &inspector)) return std::nullopt;
  Json document = Json::parse(text, nullptr, false);
  if (!document.is_object()) return std::nullopt;
  return document;
}

}  // namespace ringpost::sasl
