// PostgreSQL: one query with one parameter, over a few connections, with time-outs. Calls wait: helper threads only,
// from many at once. The query is sent with its parameter beside it, never pasted into it, and is not prepared on the
// server, so that poolers between us and the database do no harm.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "lookup/options.h"

namespace ringpost::lookup {

using Row = std::map<std::string, std::optional<std::string>>;  // by column; nullopt: NULL

class Postgres {
 public:
  /// Connects when it is first asked. Errors: invalid (the connection string), as for the file of it.
  static Result<std::unique_ptr<Postgres>> create(const PostgresServer& server, std::string query);
  virtual ~Postgres() = default;

  /// The rows for $1 = `parameter`, two at most. Errors: unavailable (down, too slow, or it refuses the query).
  virtual Result<std::vector<Row>> ask(const std::string& parameter) = 0;
};

/// The texts of an array as PostgreSQL prints it: {a,"b c",NULL}; nullopt: it is none.
std::optional<std::vector<std::string>> parse_array(std::string_view text);

}  // namespace ringpost::lookup
