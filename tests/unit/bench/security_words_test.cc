#include "bench/security_words.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <fstream>
#include <iterator>

namespace ringpost::bench {
namespace {

class SecurityOptions : public testing::Test {
 protected:
  /// As if these stood on the command line, with `input` on standard input.
  Result<LoadOptions> parse(const std::string& line, std::string_view input = {}) {
    CLI::App app;
    add_security(app, words_);
    try {
      app.parse(line);
    } catch (const CLI::ParseError& error) {
      return fail(ErrorKind::invalid, error.what());
    }
    int ends[2] = {};
    if (::pipe(ends) != 0) return fail_errno(errno, "pipe");
    io::FileDescriptor from(ends[0]);
    {
      const io::FileDescriptor to(ends[1]);
      if (::write(to.get(), input.data(), input.size()) < 0) return fail_errno(errno, "write");
    }
    LoadOptions options;
    auto read = read_security(words_, from.get(), options);
    if (!read) return propagate(read);
    return options;
  }

  static std::string content(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  SecurityWords words_;
};

TEST_F(SecurityOptions, WithoutAnyTheLoadIsInClearTextAndNobodyLogsIn) {
  const auto options = parse("");
  ASSERT_TRUE(options);
  EXPECT_EQ(options->encryption, Encryption::none);
  EXPECT_TRUE(options->auth.user.empty());
}

TEST_F(SecurityOptions, SayHowTlsIsDone) {
  const auto options = parse("--starttls --tls-version 1.2 --resume --tls-name mx.example.com --ca /dev/null");
  ASSERT_TRUE(options) << options.error().reason;
  EXPECT_EQ(options->encryption, Encryption::starttls);
  EXPECT_EQ(options->tls_version, tls::Version::tls_1_2);
  EXPECT_TRUE(options->resume);
  EXPECT_EQ(options->tls_name, "mx.example.com");
  EXPECT_EQ(options->ca_file, "/dev/null");
}

TEST_F(SecurityOptions, ImplicitTlsTakesTheNewestVersionAndAnyCertificate) {
  const auto options = parse("--tls");
  ASSERT_TRUE(options);
  EXPECT_EQ(options->encryption, Encryption::implicit);
  EXPECT_FALSE(options->tls_version);
  EXPECT_TRUE(options->ca_file.empty());
  EXPECT_FALSE(options->resume);
}

TEST_F(SecurityOptions, APasswordInAFileIsLeftThere) {
  const auto options = parse("--auth scram-sha-256 --user anna --password-file /dev/null");
  ASSERT_TRUE(options);
  EXPECT_EQ(options->auth.mechanism, "SCRAM-SHA-256");
  EXPECT_EQ(options->auth.user, "anna");
  EXPECT_EQ(options->auth.password_file, "/dev/null");
}

TEST_F(SecurityOptions, APasswordFromStandardInputCanBeReadAgainAndAgain) {
  const auto options = parse("--user anna --password-stdin", "a secret \r\nmore\n");
  ASSERT_TRUE(options) << options.error().reason;
  EXPECT_EQ(options->auth.mechanism, "");
  EXPECT_EQ(content(options->auth.password_file), "a secret ");
  EXPECT_EQ(content(options->auth.password_file), "a secret ");
}

TEST_F(SecurityOptions, WhatDoesNotGoTogetherIsRefused) {
  for (const char* line :
       {"--starttls --tls", "--resume", "--tls-version 1.3", "--tls --tls-version 1.1", "--tls-name a",
        "--ca /dev/null", "--tls --ca /nonexistent", "--auth PLAIN", "--password-file /dev/null", "--password-stdin",
        "--user anna", "--user anna --password-stdin --password-file /dev/null"}) {
    words_ = SecurityWords();
    EXPECT_FALSE(parse(line, "secret\n")) << line;
  }
  words_ = SecurityWords();
  EXPECT_FALSE(parse("--user anna --password-stdin", ""));
  words_ = SecurityWords();
  EXPECT_FALSE(parse("--user anna --password-stdin", std::string(2000, 'x')));
}

}  // namespace
}  // namespace ringpost::bench
