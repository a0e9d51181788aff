// LoadWorker: sessions that say EHLO and then nothing, to see what a server holds for each.
#include "bench/load_worker.h"

namespace ringpost::bench {

using io::Cancel;
using io::Deadline;
using io::Task;

Task<> LoadWorker::open_idle(Cancel cancel) {
  std::uint32_t fruitless = 0;
  while (idle_to_open_ > 0 && fruitless < fruitless_sessions_max && !cancel.requested()) {
    --idle_to_open_;
    auto client = co_await open_session(cancel);
    if (!client) {
      ++fruitless;
      continue;
    }
    fruitless = 0;
    tally_.idle.add();
    holders_->spawn(hold_idle(std::move(client), holders_->cancel()));
  }
}

Task<> LoadWorker::hold_idle(std::unique_ptr<smtp::Client> client, Cancel cancel) {
  co_await io::Sleep(*reactor_, Deadline::never(), cancel);
  if (client->spoke_unasked()) ++idle_lost_;  // a 421, or gone
  co_await client->quit(Deadline::after(std::chrono::seconds(1)), Cancel::never());
}

}  // namespace ringpost::bench
