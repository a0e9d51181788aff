#include "lookup/postgres.h"

#include <libpq-fe.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "base/text.h"
#include "lookup/connection_pool.h"
#include "lookup/secret_file.h"

namespace ringpost::lookup {

namespace {

constexpr int rows_max = 2;
constexpr std::size_t reason_octets_max = 300;

struct Finish {
  void operator()(PGconn* connection) const noexcept { PQfinish(connection); }
};
struct Clear {
  void operator()(PGresult* result) const noexcept { PQclear(result); }
};
using Answer = std::unique_ptr<PGresult, Clear>;

std::string seconds_text(Duration duration) {
  return std::to_string(std::max<std::int64_t>(2, std::chrono::ceil<std::chrono::seconds>(duration).count()));
}

std::string one_line(const char* text) {
  std::string line(text != nullptr ? text : "");
  std::ranges::replace(line, '\n', ' ');
  return printable(trim(line), reason_octets_max);
}

class Connection {
 public:
  static Result<std::unique_ptr<Connection>> open(const PostgresServer& server, const std::string& conninfo) {
    const std::string timeout = seconds_text(server.connect_timeout);
    // What stands in front gives way to the connection string, what stands behind it does not.
    const std::array<const char*, 5> names{"connect_timeout", "fallback_application_name", "dbname", "client_encoding",
                                           nullptr};
    const std::array<const char*, 5> values{timeout.c_str(), "ringpost", conninfo.c_str(), "UTF8", nullptr};
    constexpr int expand_dbname = 1;
    std::unique_ptr<PGconn, Finish> handle(PQconnectdbParams(names.data(), values.data(), expand_dbname));
    if (handle == nullptr) return fail(ErrorKind::unavailable, "PostgreSQL: no memory", temporarily_down);
    if (PQstatus(handle.get()) != CONNECTION_OK)
      return fail(ErrorKind::unavailable, "PostgreSQL: " + one_line(PQerrorMessage(handle.get())), temporarily_down);
    std::unique_ptr<Connection> connection(new Connection(std::move(handle), server.statement_timeout));
    const auto milliseconds = std::chrono::ceil<std::chrono::milliseconds>(server.statement_timeout).count();
    auto set = connection->run("SET statement_timeout = " + std::to_string(milliseconds), nullptr);
    if (!set) return propagate(set);
    return connection;
  }

  Result<std::vector<Row>> ask(const std::string& query, const std::string& parameter) {
    auto answer = run(query, parameter.c_str());
    if (!answer) return propagate(answer);
    std::vector<Row> rows;
    for (int row = 0; row < std::min(PQntuples(answer->get()), rows_max); ++row) {
      Row& columns = rows.emplace_back();
      for (int column = 0; column < PQnfields(answer->get()); ++column) {
        auto& value = columns[PQfname(answer->get(), column)];
        if (PQgetisnull(answer->get(), row, column) == 0)
          value = std::string(PQgetvalue(answer->get(), row, column),
                              static_cast<std::size_t>(PQgetlength(answer->get(), row, column)));
      }
    }
    return rows;
  }

 private:
  Connection(std::unique_ptr<PGconn, Finish> handle, Duration timeout)
      : handle_(std::move(handle)), timeout_(timeout) {}

  /// The server ends a slow statement itself; a server that says nothing at all is given up a second later.
  Result<Answer> run(const std::string& query, const char* parameter) {
    const MonotonicTime deadline = monotonic_now() + timeout_ + std::chrono::seconds(1);
    const int count = parameter != nullptr ? 1 : 0;
    if (PQsendQueryParams(handle_.get(), query.c_str(), count, nullptr, &parameter, nullptr, nullptr, 0) == 0)
      return broken();
    Answer last;
    for (;;) {
      while (PQisBusy(handle_.get()) != 0) {
        if (auto ready = wait(deadline); !ready) return propagate(ready);
        if (PQconsumeInput(handle_.get()) == 0) return broken();
      }
      Answer next(PQgetResult(handle_.get()));
      if (next == nullptr) break;
      last = std::move(next);
    }
    if (last == nullptr || PQstatus(handle_.get()) != CONNECTION_OK) return broken();
    const ExecStatusType status = PQresultStatus(last.get());
    if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK) return last;
    return fail(ErrorKind::unavailable, "PostgreSQL: " + one_line(PQresultErrorMessage(last.get())), temporarily_down);
  }

  std::unexpected<Error> broken() const {
    return fail(ErrorKind::closed, "PostgreSQL: " + one_line(PQerrorMessage(handle_.get())), temporarily_down);
  }

  Result<void> wait(MonotonicTime deadline) {
    for (;;) {
      const int unsent = PQflush(handle_.get());
      if (unsent < 0) return broken();
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - monotonic_now()).count();
      if (left <= 0) return fail(ErrorKind::timed_out, "PostgreSQL: no answer in time", temporarily_down);
      pollfd socket{.fd = PQsocket(handle_.get()),
                    .events = static_cast<short>(unsent > 0 ? POLLIN | POLLOUT : POLLIN),
                    .revents = 0};
      const int ready = ::poll(&socket, 1, static_cast<int>(left));
      if (ready < 0 && errno != EINTR) return fail_errno(errno, "poll the connection to PostgreSQL");
      if (ready > 0 && (socket.revents & ~POLLOUT) != 0) return {};
    }
  }

  std::unique_ptr<PGconn, Finish> handle_;
  Duration timeout_;
};

class PooledPostgres : public Postgres {
 public:
  PooledPostgres(PostgresServer server, std::string conninfo, std::string query)
      : server_(std::move(server)),
        conninfo_(std::move(conninfo)),
        query_(std::move(query)),
        pool_([this] { return Connection::open(server_, conninfo_); }, server_.connections_max,
              server_.statement_timeout) {}

  Result<std::vector<Row>> ask(const std::string& parameter) override {
    if (parameter.contains('\0')) return std::vector<Row>();
    return pool_.with([&](Connection& connection) { return connection.ask(query_, parameter); });
  }

 private:
  const PostgresServer server_;
  const std::string conninfo_;
  const std::string query_;
  ConnectionPool<Connection> pool_;
};

}  // namespace

Result<std::unique_ptr<Postgres>> Postgres::create(const PostgresServer& server, std::string query) {
  std::string conninfo = server.conninfo;
  if (!server.conninfo_file.empty()) {
    auto read = read_secret_file(server.conninfo_file);
    if (!read) return propagate(read);
    conninfo = std::move(*read);
  }
  char* error = nullptr;
  PQconninfoOption* const options = PQconninfoParse(conninfo.c_str(), &error);
  if (options == nullptr) {
    // Without the text: it may quote a password.
    if (error != nullptr) PQfreemem(error);
    return fail(ErrorKind::invalid,
                "PostgreSQL: expected a connection string, \"host=... dbname=... user=...\" or "
                "postgresql://...");
  }
  PQconninfoFree(options);
  return std::make_unique<PooledPostgres>(server, std::move(conninfo), std::move(query));
}

std::optional<std::vector<std::string>> parse_array(std::string_view text) {
  if (!text.starts_with('{') || !text.ends_with('}') || text.size() < 2) return std::nullopt;
  text = text.substr(1, text.size() - 2);
  std::vector<std::string> items;
  while (!text.empty()) {
    std::string item;
    const bool quoted = text.starts_with('"');
    std::size_t at = quoted ? 1 : 0;
    for (; at < text.size() && text[at] != (quoted ? '"' : ','); ++at) {
      if (!quoted && (text[at] == '{' || text[at] == '}')) return std::nullopt;  // an array of arrays
      if (text[at] == '\\' && ++at == text.size()) return std::nullopt;
      item += text[at];
    }
    if (quoted && at++ >= text.size()) return std::nullopt;
    if (at < text.size() && text[at] != ',') return std::nullopt;
    if (quoted || !iequals(item, "NULL")) items.push_back(std::move(item));
    text.remove_prefix(std::min(at + 1, text.size()));
  }
  return items;
}

}  // namespace ringpost::lookup
