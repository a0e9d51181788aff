// A self-signed certificate for sink.server.example with its key, P-256, good for a hundred years. Made by openssl req;
// it secures nothing.
#pragma once

#include <string_view>

namespace ringpost::bench {

inline constexpr std::string_view test_certificate =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBszCCAVmgAwIBAgIUEVtmWpMhSdUg/l8W8qPjSXr29uEwCgYIKoZIzj0EAwIw\n"
    "HjEcMBoGA1UEAwwTc2luay5zZXJ2ZXIuZXhhbXBsZTAgFw0yNjExMjQxNDA5MzRa\n"
    "GA8yMTI2MTAzMTE0MDkzNFowHjEcMBoGA1UEAwwTc2luay5zZXJ2ZXIuZXhhbXBs\n"
    "ZTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABNWyr2B3RHHo5uJ7zfB6ON8GeXzw\n"
    "DTPA3SyoUn6cVmgp5BRNzhwYGrxJz+qId4ZiGawZ7Mm9SzTsJ4T1YYxqJuGjczBx\n"
    "MB0GA1UdDgQWBBRLtjbRqfkjyWR86WlqGAB1hRfaLTAfBgNVHSMEGDAWgBRLtjbR\n"
    "qfkjyWR86WlqGAB1hRfaLTAPBgNVHRMBAf8EBTADAQH/MB4GA1UdEQQXMBWCE3Np\n"
    "bmsuc2VydmVyLmV4YW1wbGUwCgYIKoZIzj0EAwIDSAAwRQIhAKCseDlmb/XUfhre\n"
    "gCnjSelleu0YuvdzXSHcRyn7XNFzAiAN4in9s+PKCbaTE5mvQzmxkfzxC0fxhMy5\n"
    "Ce95ft5ClA==\n"
    "-----END CERTIFICATE-----\n";

inline constexpr std::string_view test_key =
    "-----BEGIN PRIVATE KEY-----\n"
    "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg75vIqA92S7bh8iKR\n"
    "jXjTxre8nPFbVz/AM6GvoClzT9mhRANCAATVsq9gd0Rx6Obie83wejjfBnl88A0z\n"
    "wN0sqFJ+nFZoKeQUTc4cGBq8Sc/qiHeGYhmsGezJvUs07CeE9WGMaibh\n"
    "-----END PRIVATE KEY-----\n";

}  // namespace ringpost::bench
