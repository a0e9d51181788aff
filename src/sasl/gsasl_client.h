// The client's mechanisms that GNU SASL has.
//
// Standards: as client.h.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "sasl/client.h"

namespace ringpost::sasl {

// RFC 7677 4 asks for 4,096 at least: fewer, and whoever listens guesses the password cheaply. The most is what a
// server may make us compute, a second or two.
inline constexpr std::uint64_t scram_iterations_least = 4096;
inline constexpr std::uint64_t scram_iterations_max = 1'000'000;

Result<std::unique_ptr<ClientExchange>> start_gsasl_client(std::string_view name, const ClientOptions& options,
                                                           const std::string& server_name);

}  // namespace ringpost::sasl
