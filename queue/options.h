// What the queue is told. Filled by config/ from [queue] and data_dir.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"

namespace ringpost::queue {

enum class Durability : std::uint8_t {
  synced,   // 250 after fdatasync
  written,  // 250 after write(2): survives kill -9, not a power cut
};

enum class DoubleBounce : std::uint8_t { drop, postmaster };

struct RetryOptions {
  Duration first = std::chrono::minutes(5);
  double factor = 1.7;
  Duration max = std::chrono::hours(4);
};

struct Options {
  std::string data_dir = "/var/lib/ringpost";  // spool/ and db/ below it
  std::string hostname;                        // of bounces
  std::uint32_t workers = 1;
  Durability durability = Durability::synced;
  RetryOptions retry;
  Duration max_age = std::chrono::hours(120);
  Duration bounce_max_age = std::chrono::hours(24);
  Duration delay_notice_after =
      std::chrono::hours(4);  // the sender hears once of what is still not delivered; 0: never
  // A sender that asked for the whole message (RET=FULL) gets it back up to this size, else its header.
  std::uint64_t return_octets_max = 100ULL << 10;
  DoubleBounce double_bounce = DoubleBounce::drop;
  std::string double_bounce_to;           // empty: postmaster at our hostname
  bool bounce_unverified = true;          // reports to senders that neither logged in nor came from a trusted network
  std::vector<std::string> verp_senders;  // verp.h
  std::string report_templates;           // folder (report_text.h); empty: our own words
  // A client waits this long with its next message while delivery is a little behind (in_flow.h). Zero: never.
  Duration in_flow_delay = std::chrono::milliseconds(5);
  std::uint64_t min_free_disk = 512ULL << 20;
  // Start although a segment file is gone: the messages in it are dropped (and logged), the rest is delivered.
  bool accept_data_loss = false;

  // Not in the configuration file: sizes that tests make small, and those that follow from [limits] memory_max.
  std::uint64_t segment_octets = 64ULL << 20;
  std::size_t reaped_at_a_time = 10'000;          // messages that marks remove, move or make due in one step
  std::uint64_t chunk_octets_max = 256ULL << 10;  // a body chunk record; larger messages stream in several
  std::uint32_t window_messages = 2000;           // ready messages in memory per destination and worker
  std::uint32_t window_messages_total = 20'000;   // of all destinations of a worker
  Duration index_lag = std::chrono::milliseconds(100);
  std::uint32_t unindexed_messages_max = 50'000;    // accepts the indexer may be behind before 452
  Duration compact_after = std::chrono::hours(1);   // a segment that is nearly dead this long is copied out
  std::uint64_t upload_octets_max = 64ULL << 20;    // body octets of a worker on their way to the log
  std::uint64_t block_cache_octets = 32ULL << 20;   // of RocksDB: what it has read
  std::uint64_t write_buffer_octets = 16ULL << 20;  // of RocksDB: what it has not written yet
};

}  // namespace ringpost::queue
