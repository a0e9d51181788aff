#include "cli/cli.h"

#include <fmt/format.h>
#include <sysexits.h>

#include <CLI/CLI.hpp>
#include <filesystem>

#include "admin/client.h"
#include "cli/process_verbs.h"
#include "cli/queue_verbs.h"
#include "cli/reply_rules_verb.h"
#include "cli/tls_report_verb.h"
#include "cli/user_verbs.h"
#include "io/probe.h"
#include "policy/relay_access.h"
#include "policy/sender_login.h"
#include "relay/route.h"
#include "sandbox/landlock.h"
#include "sandbox/system_calls.h"
#include "tls/library.h"
#include "tls/server_context.h"

namespace ringpost::cli {

namespace {

constexpr int usage_status = 2;

// What the parser fills in and the verbs read.
struct Arguments {
  std::string config = config::default_path;
  bool print = false;
  bool features = false;
  bool take_over = false;
  DrainArguments drain;
  std::string id;
  std::string reply;
  QueueArguments queue;
  TlsReportArguments tls_report;
  UserArguments user;
};

// Where the configuration stands: no file is needed where the environment says all.
std::string place_of(const std::string& path) {
  std::error_code error;
  return std::filesystem::exists(path, error) ? path : "the environment";
}

// The configuration, or nullopt with every problem printed.
std::optional<config::Configuration> load(const std::string& path) {
  auto loaded = config::load(path, config::process_environment());
  if (loaded) return std::move(*loaded);
  for (const config::Problem& problem : loaded.error()) fmt::print(stderr, "{}\n", problem.text());
  fmt::print(stderr, "ringpost: {} {} in {}\n", loaded.error().size(),
             loaded.error().size() == 1 ? "problem" : "problems", path);
  return std::nullopt;
}

// What the file only refers to: lists of recipients, certificates, groups, domains and routes as a whole.
Result<void> try_out(const config::Configuration& configuration) {
  auto access = policy::RelayAccess::create(configuration.relay_access, configuration.hostname);
  if (!access) return propagate(access);
  auto routes = relay::RouteTable::create(configuration.relay.routes, configuration.relay_access.domains);
  if (!routes) return propagate(routes);
  if (!configuration.tls.certificates.empty()) {
    auto certificates = tls::ServerContext::create(configuration.tls);
    if (!certificates) return propagate(certificates);
  }
  auto senders = policy::SenderLogin::create(configuration.sender, *access, {});
  if (!senders) return propagate(senders);
  return {};
}

int check_config(const Arguments& arguments) {
  const auto configuration = load(arguments.config);
  if (!configuration) return EX_CONFIG;
  if (const auto tried = try_out(*configuration); !tried) {
    const std::string place = place_of(arguments.config);
    fmt::print(stderr, "{}: {}\nringpost: 1 problem in {}\n", place, tried.error().reason, place);
    return EX_CONFIG;
  }
  if (arguments.print) {
    fmt::print("{}", config::print(*configuration));
  } else {
    fmt::print("{}: no problems\n", place_of(arguments.config));
  }
  return 0;
}

int version(const Arguments& arguments) {
  fmt::print("ringpost {}\n", RINGPOST_VERSION);
  if (!arguments.features) return 0;
  fmt::print("{}\n", tls::library_version());
  const auto kernel = io::probe_kernel();
  if (!kernel) return report_failure(kernel.error().reason);
  fmt::print("linux {}\nio_uring", kernel->release);
  for (const std::string& feature : kernel->features) fmt::print(" {}", feature);
  fmt::print("\nhardening: no_new_privs capabilities");
  if (const int landlock = sandbox::landlock_version()) fmt::print(" landlock(abi {})", landlock);
  if (sandbox::can_filter_system_calls()) fmt::print(" seccomp");
  fmt::print("{}\n", kernel->restricted ? " io_uring-restrictions" : "");
  return 0;
}

// Pages of the admin API printed as they are. A readiness that is not 200 is a failure.
int page(const Arguments& arguments, const std::string& path) {
  const auto configuration = load(arguments.config);
  if (!configuration) return EX_CONFIG;
  const auto answer = admin::get(configuration->admin, path);
  if (!answer) return report_failure(answer.error().reason);
  fmt::print("{}", answer->body);
  return answer->status == 200 ? 0 : 1;
}

int queue_verb(const Arguments& arguments, const std::string& verb) {
  const auto configuration = load(arguments.config);
  if (!configuration) return EX_CONFIG;
  const admin::Options& server = configuration->admin;
  if (verb == "summary") return queue_summary(server, arguments.queue.json);
  if (verb == "list") return queue_list(server, arguments.queue);
  if (verb == "show") return queue_show(server, arguments.id, arguments.queue.json);
  if (verb == "explain") return queue_explain(server, arguments.id, arguments.queue.json);
  if (verb == "suspensions") return queue_suspensions(server, arguments.queue.json);
  if (verb == "body") return queue_body(server, arguments.id);
  return queue_change(server, verb, arguments.queue);
}

int user_verb_of(const Arguments& arguments, const std::string& verb) {
  if (!arguments.user.file.empty()) return user_verb(chosen_store({}, arguments.user), "", verb, arguments.user);
  const auto configuration = load(arguments.config);
  if (!configuration) return EX_CONFIG;
  return user_verb(chosen_store(configuration->accounts, arguments.user), configuration->user, verb, arguments.user);
}

void add_selectors(CLI::App& verb, QueueArguments& selector) {
  verb.add_option("--sender", selector.sender, "reverse-path, or @domain");
  verb.add_option("--recipient", selector.recipient, "recipient, or @domain");
  verb.add_option("--destination", selector.destination,
                  "destination as `queue summary` prints it, or a recipient's domain");
  verb.add_option("--route", selector.route, "recipients whose domain takes the [[route]] with this `domain`");
  verb.add_option("--login", selector.login, "who handed it in");
  verb.add_option("--older-than", selector.older_than, "age, as 2h");
  verb.add_option("--state", selector.state, "active (never tried) or deferred")
      ->check(CLI::IsMember({"active", "deferred"}));
}

// Those that leave a mark, and those that take it back.
template <class Add>
void add_mark_verbs(Add& add, QueueArguments& queue) {
  for (const auto& [name, help] : {std::pair{"suspend", "no delivery of what is selected, now and later"},
                                   {"resume", "end of a suspension"},
                                   {"hold", "no delivery of what is selected and queued now"},
                                   {"release", "what is selected is held no more"}}) {
    CLI::App& verb = *add(name, help);
    const std::string_view which(name);
    if (which == "suspend" || which == "resume") {
      verb.add_option("DESTINATION", queue.destination, "as --destination");
    } else {
      verb.add_option("ID", queue.ids, "message ids");
    }
    verb.add_flag("--all", queue.all, "everything");
    add_selectors(verb, queue);
    if (which == "suspend" || which == "hold") {
      verb.add_option("--for", queue.time, "ends by itself after this time, as 1h");
      verb.add_option("--reason", queue.reason, "why, for `suspensions` and `explain`");
    } else {
      verb.add_option("--mark", queue.marks, "by the number that `suspensions` prints");
    }
  }
}

void add_queue_verbs(CLI::App& app, Arguments& arguments, std::function<void(std::string)> chosen) {
  CLI::App& queue = *app.add_subcommand("queue", "what is in the queue, and change it");
  queue.require_subcommand(1);
  const auto add = [&](const char* name, const char* help) {
    CLI::App& verb = *queue.add_subcommand(name, help);
    verb.add_flag("--json", arguments.queue.json, "JSON instead of text");
    verb.final_callback([chosen, name] { chosen(name); });
    return &verb;
  };
  add("summary", "messages by destination");
  add_selectors(*add("list", "messages, with their recipients"), arguments.queue);
  add("show", "one message")->add_option("ID", arguments.id, "message id")->required();
  add("body", "one message as it will be sent")->add_option("ID", arguments.id, "message id")->required();
  for (const auto& [name, help] : {std::pair{"retry", "try now"},
                                   {"reroute", "send what is queued now to another next hop"},
                                   {"drop", "forget, without a bounce"}}) {
    CLI::App& verb = *add(name, help);
    verb.add_option("ID", arguments.queue.ids, "message ids");
    verb.add_flag("--all", arguments.queue.all, "everything");
    add_selectors(verb, arguments.queue);
    if (std::string_view(name) == "drop") verb.add_flag("--yes", arguments.queue.yes, "do not ask");
    if (std::string_view(name) != "reroute") continue;
    verb.add_option("--to", arguments.queue.to, "next hops, as in [[route]] next_hop, comma between; or mx:DOMAIN")
        ->required();
    verb.add_option("--reason", arguments.queue.reason, "why, for `suspensions` and `explain`");
  }
  add("explain", "what a message waits for")->add_option("ID", arguments.id, "message id")->required();
  add("suspensions", "what is suspended, held or being dropped, moved or tried again");
  add_mark_verbs(add, arguments.queue);
  CLI::App& explain = *app.add_subcommand("explain", "as `queue explain`");
  explain.add_flag("--json", arguments.queue.json, "JSON instead of text");
  explain.add_option("ID", arguments.id, "message id")->required();
  explain.final_callback([chosen] { chosen("explain"); });
}

void add_user_verbs(CLI::App& app, Arguments& arguments, std::function<void(std::string)> chosen) {
  CLI::App& user = *app.add_subcommand("user", "accounts in the account file");
  user.require_subcommand(1);
  UserArguments& wanted = arguments.user;
  const auto add = [&](const char* name, const char* help, bool one) {
    CLI::App& verb = *user.add_subcommand(name, help);
    verb.add_option("--file", wanted.file, "account file; without it the configured one");
    verb.add_option("--key-file", wanted.key_file, "key of reversible passwords; without it the configured one");
    if (one) verb.add_option("LOGIN", wanted.login, "login")->required();
    verb.final_callback([chosen, name] { chosen(name); });
    return &verb;
  };
  CLI::App& create = *add("add", "a new account", true);
  create.add_option("--name", wanted.name, "display name, as \"Ann Example\"");
  create.add_option("--address", wanted.addresses, "address it may send as; several; without one the login");
  create.add_option("--group", wanted.groups, "group of addresses it may send as; several");
  CLI::App& change = *add("passwd", "another password", true);
  for (CLI::App* verb : {&create, &change}) {
    verb->add_flag("--reversible", wanted.reversible,
                   "keep it readable for CRAM-MD5, DIGEST-MD5, NTLM (needs the key)");
    verb->add_flag("--srp", wanted.srp, "make a verifier for SRP");
  }
  add("remove", "no account any more", true);
  add("list", "all accounts, without secrets", false)->add_flag("--json", wanted.json, "JSON instead of text");
  CLI::App& check = *add("verify", "whether a password is right, in the configured store", true);
  for (CLI::App* verb : {&create, &change, &check})
    verb->add_flag("--password-stdin", wanted.password_stdin, "the password is the first line of standard input");
}

void add_process_verbs(CLI::App& app, Arguments& arguments, int& status) {
  app.add_subcommand("reload", "the running server reads its configuration again")->final_callback([&] {
    const auto configuration = load(arguments.config);
    status = configuration ? reload(configuration->admin) : EX_CONFIG;
  });
  CLI::App& drain_verb =
      *app.add_subcommand("drain", "the running server takes no new mail, delivers what is due, ends");
  drain_verb.add_option("--for", arguments.drain.patience, "at most this long for what is due, as 5m");
  drain_verb.add_flag("--handoff", arguments.drain.handoff, "then give what is left to the siblings of [handoff]");
  drain_verb.add_flag("--no-wait", arguments.drain.no_wait, "do not wait until it has ended");
  drain_verb.final_callback([&] {
    const auto configuration = load(arguments.config);
    status = configuration ? drain(configuration->admin, arguments.drain) : EX_CONFIG;
  });
}

void add_tls_report_verb(CLI::App& app, Arguments& arguments, int& status) {
  CLI::App& verb = *app.add_subcommand("tls-report", "what was noted for the TLS reports of a day, as JSON");
  verb.add_option("DAY", arguments.tls_report.day, "as 2026-11-26, UTC; without it today");
  verb.add_option("--domain", arguments.tls_report.domain, "only this one");
  verb.add_flag("--send", arguments.tls_report.send, "send them now, whatever the time");
  verb.final_callback([&] {
    const auto configuration = load(arguments.config);
    status = configuration ? tls_report(configuration->admin, arguments.tls_report) : EX_CONFIG;
  });
}

}  // namespace

int main(int argc, char** argv, const Verbs& verbs) {
  Arguments arguments;
  CLI::App app("ringpost: a mail transfer agent");
  app.require_subcommand(1);
  app.fallthrough();
  app.add_option("-c,--config", arguments.config, "configuration file")
      ->capture_default_str()
      ->envname("RINGPOST_CONFIG");
  int status = 0;

  CLI::App& serve = *app.add_subcommand("serve", "run in the foreground");
  serve.add_flag("--take-over", arguments.take_over, "from the process that serves, without refusing a connection");
  serve.final_callback([&] {
    const auto configuration = load(arguments.config);
    status = configuration ? verbs.serve(*configuration, arguments.config, arguments.take_over) : EX_CONFIG;
  });
  add_process_verbs(app, arguments, status);
  CLI::App& check = *app.add_subcommand("check-config", "parse and validate the configuration");
  check.add_flag("--print", arguments.print, "print the effective configuration with defaults");
  check.final_callback([&] { status = check_config(arguments); });
  add_queue_verbs(app, arguments, [&](const std::string& verb) { status = queue_verb(arguments, verb); });
  add_user_verbs(app, arguments, [&](const std::string& verb) { status = user_verb_of(arguments, verb); });
  CLI::App& rules = *app.add_subcommand("reply-rules", "what refusals of next hops mean beyond their code");
  rules.add_option("REPLY", arguments.reply, "a reply to try, as \"421 4.7.0 too many connections\"");
  rules.final_callback([&] {
    const auto configuration = load(arguments.config);
    status = configuration ? reply_rules(configuration->relay.reply_rules, arguments.reply) : EX_CONFIG;
  });
  add_tls_report_verb(app, arguments, status);
  app.add_subcommand("metrics", "the metrics page of the running server")->final_callback([&] {
    status = page(arguments, "/metrics");
  });
  app.add_subcommand("health", "whether the running server takes mail")->final_callback([&] {
    status = page(arguments, "/health/ready");
  });
  CLI::App& version_verb = *app.add_subcommand("version", "version, and which kernel features are live");
  version_verb.add_flag("--features", arguments.features, "probe and list features");
  version_verb.final_callback([&] { status = version(arguments); });
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& success) {
    return app.exit(success);  // --help
  } catch (const CLI::ParseError& error) {
    app.exit(error);
    return usage_status;
  }
  return status;
}

}  // namespace ringpost::cli
