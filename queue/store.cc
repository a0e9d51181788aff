#include "queue/store.h"

#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>
#include <sys/stat.h>

#include "base/text.h"
#include "queue/store_options.h"
#include "telemetry/log.h"

namespace ringpost::queue {
namespace {

constexpr std::string_view schema_name = "schema";
constexpr std::string_view count_messages_name = "count/messages";
constexpr std::string_view count_deferred_name = "count/deferred";
constexpr std::string_view generation_name = "marks/generation";

std::unexpected<Error> failed(const rocksdb::Status& status, std::string_view what) {
  ErrorKind kind = ErrorKind::io;
  PublicStatus answer{451, {4, 3, 0}};
  if (status.IsNoSpace()) {
    kind = ErrorKind::no_space;
    answer = {452, {4, 3, 1}};
  } else if (status.IsCorruption()) {
    kind = ErrorKind::corrupt;
  }
  return fail(kind, std::string(what) + ": " + status.ToString(), answer);
}

// One record that cannot be read must not stop the queue: it is reported and passed over.
void report_unreadable(std::string_view key, const Error& error) {
  const auto id = parse_message_key(key);
  telemetry::Event(telemetry::EventKind::error)
      .message(id.value_or(MessageId{}))
      .field("operation", "read a queued message")
      .error(error)
      .emit();
}

rocksdb::Slice slice(std::string_view octets) {
  return {octets.data(), octets.size()};
}

}  // namespace

struct Store::Impl {
  std::shared_ptr<StoreHealth> health = std::make_shared<StoreHealth>();
  std::unique_ptr<rocksdb::DB> db;
  std::vector<rocksdb::ColumnFamilyHandle*> families;

  ~Impl() {
    if (db == nullptr) return;
    for (auto* family : families) db->DestroyColumnFamilyHandle(family);
    db->Close();
  }
  std::unique_ptr<rocksdb::Iterator> iterate(Family family, const rocksdb::ReadOptions& options = {}) const {
    return std::unique_ptr<rocksdb::Iterator>(db->NewIterator(options, families[family]));
  }
  Result<std::optional<std::string>> get(Family family, std::string_view key,
                                         const rocksdb::ReadOptions& options = {}) const {
    std::string value;
    const auto status = db->Get(options, families[family], slice(key), &value);
    if (status.IsNotFound()) return std::optional<std::string>();
    if (!status.ok()) return failed(status, "read the queue's database");
    return std::optional<std::string>(std::move(value));
  }
  Result<std::int64_t> count(std::string_view name) const {
    auto value = get(family_meta, name);
    if (!value) return propagate(value);
    return *value ? parse_count(**value).value_or(0) : 0;
  }
  Result<void> write_schema() {
    rocksdb::WriteOptions options;
    options.sync = true;
    const auto status =
        db->Put(options, families[family_meta], slice(schema_name), std::to_string(Store::schema_version));
    if (!status.ok()) return failed(status, "write the queue's schema version");
    return {};
  }
};

namespace {

Result<void> check_schema(std::string_view value) {
  const auto version = parse_unsigned(value);
  if (!version) return fail(ErrorKind::corrupt, "the queue's database has no readable schema version");
  if (*version > Store::schema_version)
    return fail(ErrorKind::refused, "the queue's database was written by a newer ringpost (schema " +
                                        std::to_string(*version) + ", this one knows " +
                                        std::to_string(Store::schema_version) + "): nothing was changed");
  return {};
}

// Read-only, so that a database we must not touch stays as it is.
Result<void> look_before_opening(const std::string& directory, const StoreMemory& memory) {
  const auto health = std::make_shared<StoreHealth>();
  const auto all = store_families(memory);
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* raw = nullptr;
  const auto status = rocksdb::DB::OpenForReadOnly(store_options(health, memory), directory,
                                                   {all[family_default], all[family_meta]}, &handles, &raw);
  if (!status.ok()) return failed(status, "open the queue's database " + directory);
  const std::unique_ptr<rocksdb::DB> db(raw);
  std::string value;
  const auto read = db->Get({}, handles[1], slice(schema_name), &value);
  for (auto* handle : handles) db->DestroyColumnFamilyHandle(handle);
  // Created, but stopped before the version was written: nothing is in it.
  if (read.IsNotFound()) return {};
  if (!read.ok()) return failed(read, "read the queue's schema version");
  return check_schema(value);
}

}  // namespace

struct Batch::Impl {
  rocksdb::WriteBatch batch;
  const std::vector<rocksdb::ColumnFamilyHandle*>& families;  // the Store's
};

Batch::Batch(const Store& store) : impl_(new Impl{rocksdb::WriteBatch(), store.impl_->families}) {}
Batch::~Batch() = default;

void Batch::put_message(const MessageId& id, std::string_view record) {
  impl_->batch.Put(impl_->families[family_message], message_key(id), slice(record));
}
void Batch::delete_message(const MessageId& id) {
  impl_->batch.Delete(impl_->families[family_message], message_key(id));
}
void Batch::put_due(const DueKey& key, const DueValue& due) {
  impl_->batch.Put(impl_->families[family_due], due_key(key.lane, key.destination, key.position, key.priority),
                   encode_due(due));
}
void Batch::delete_due(const DueKey& key) {
  impl_->batch.Delete(impl_->families[family_due], due_key(key.lane, key.destination, key.position, key.priority));
}
void Batch::add_live(SegmentKey key, std::int64_t octets) {
  impl_->batch.Merge(impl_->families[family_segment], segment_key(key), encode_count(octets));
}
void Batch::forget_segment(SegmentKey key) {
  impl_->batch.Delete(impl_->families[family_segment], segment_key(key));
}
void Batch::set_watermark(std::uint16_t log, LogPosition position) {
  impl_->batch.Put(impl_->families[family_meta], watermark_key(log), encode_position(position));
}
void Batch::add_counts(const StoreCounts& change) {
  auto* meta = impl_->families[family_meta];
  if (change.messages != 0) impl_->batch.Merge(meta, slice(count_messages_name), encode_count(change.messages));
  if (change.deferred != 0) impl_->batch.Merge(meta, slice(count_deferred_name), encode_count(change.deferred));
}
bool Batch::empty() const noexcept {
  return impl_->batch.Count() == 0;
}
std::size_t Batch::octets() const noexcept {
  return impl_->batch.GetDataSize();
}

Store::Store(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Store::~Store() = default;

Result<std::unique_ptr<Store>> Store::open(const std::string& directory, const StoreMemory& memory) {
  struct stat found{};
  const bool exists = ::stat((directory + "/CURRENT").c_str(), &found) == 0;
  if (exists) {
    const auto looked = look_before_opening(directory, memory);
    if (!looked) return std::unexpected(looked.error());
  }
  auto impl = std::make_unique<Impl>();
  rocksdb::DBOptions options = store_options(impl->health, memory);
  options.create_if_missing = true;
  options.create_missing_column_families = true;
  rocksdb::DB* raw = nullptr;
  const auto status = rocksdb::DB::Open(options, directory, store_families(memory), &impl->families, &raw);
  if (!status.ok()) return failed(status, "open the queue's database " + directory);
  impl->db.reset(raw);
  auto schema = impl->get(family_meta, schema_name);
  if (!schema) return propagate(schema);
  // Every older schema is read as it is; what is written from now on an older ringpost would not understand.
  if (!*schema || parse_unsigned(**schema) != Store::schema_version) {
    auto written = impl->write_schema();
    if (!written) return propagate(written);
  }
  return std::unique_ptr<Store>(new Store(std::move(impl)));
}

Result<void> Store::apply(Batch& batch) {
  rocksdb::WriteOptions options;
  options.sync = false;
  const auto status = impl_->db->Write(options, &batch.impl_->batch);
  if (!status.ok()) return failed(status, "write the queue's database");
  return {};
}

Result<void> Store::sync() {
  const auto status = impl_->db->SyncWAL();
  if (!status.ok()) return failed(status, "sync the queue's database");
  return {};
}

void Store::resume() {
  if (!impl_->db->Resume().ok()) return;
  const std::scoped_lock lock(impl_->health->mutex);
  impl_->health->background_error.clear();
  impl_->health->update_locked();
}

bool Store::healthy() const noexcept {
  return impl_->health->healthy.load(std::memory_order_relaxed);
}
std::string Store::unhealthy_reason() const {
  return impl_->health->reason();
}

Result<std::optional<MessageRecord>> Store::find(const MessageId& id) const {
  auto value = impl_->get(family_message, message_key(id));
  if (!value) return propagate(value);
  if (!*value) return std::optional<MessageRecord>();
  auto record = decode_record(**value);
  if (!record) return propagate(record);
  return std::optional<MessageRecord>(std::move(*record));
}

Result<DueScanResult> Store::scan_due(const DueScan& scan) const {
  const std::string end = class_end(scan.lane, scan.destination, scan.priority);
  const rocksdb::Slice upper(end);
  rocksdb::ManagedSnapshot snapshot(impl_->db.get());
  rocksdb::ReadOptions options;
  options.iterate_upper_bound = &upper;
  options.snapshot = snapshot.snapshot();
  const auto iterator = impl_->iterate(family_due, options);
  DueScanResult result;
  result.next = scan.from;
  std::size_t looked_at = 0;
  std::size_t octets = 0;
  for (iterator->Seek(due_key(scan.lane, scan.destination, scan.from, scan.priority)); iterator->Valid();
       iterator->Next()) {
    auto key = parse_due_key(iterator->key().ToStringView());
    auto due = parse_due(iterator->value().ToStringView());
    if (!key || !due) return fail(ErrorKind::corrupt, "an entry of family `due` cannot be read");
    if (key->position.due > scan.until) {
      result.exhausted = true;
      result.next_due = key->position.due;
      return result;
    }
    if (result.messages.size() >= scan.entries_max || octets >= scan.octets_max || looked_at++ >= scan.looked_at_max)
      return result;
    result.next = key->position.after();
    auto value = impl_->get(family_message, message_key(key->position.id), options);
    if (!value) return propagate(value);
    octets += *value ? (*value)->size() : 0;
    auto record = *value
                      ? decode_record(**value)
                      : Result<MessageRecord>(fail(ErrorKind::corrupt, "family `due` names it, but it is not there"));
    if (!record) {
      report_unreadable(message_key(key->position.id), record.error());
      continue;
    }
    if (scan.passes_over) {
      const auto gone = std::erase_if(
          due->recipients, [&](std::uint32_t recipient) { return scan.passes_over(record->message, recipient); });
      result.passed_over = result.passed_over || gone != 0;
      if (due->recipients.empty()) continue;
    }
    result.messages.push_back({key->position, std::move(due->recipients), std::move(*record)});
  }
  if (!iterator->status().ok()) return failed(iterator->status(), "scan family `due`");
  result.exhausted = true;
  return result;
}

Result<void> Store::each_destination(std::uint16_t lane, const std::function<void(DueKey&&)>& visit) const {
  const auto iterator = impl_->iterate(family_due);
  iterator->Seek(lane_begin(lane));
  while (iterator->Valid()) {
    auto key = parse_due_key(iterator->key().ToStringView());
    if (!key) return fail(ErrorKind::corrupt, "an entry of family `due` cannot be read");
    if (key->lane != lane) return {};
    const std::string end = class_end(lane, key->destination, key->priority);
    visit(std::move(*key));
    iterator->Seek(end);
  }
  if (!iterator->status().ok()) return failed(iterator->status(), "scan family `due`");
  return {};
}

Result<std::optional<std::uint16_t>> Store::next_lane(std::uint32_t from) const {
  if (from > UINT16_MAX) return std::optional<std::uint16_t>();
  const auto iterator = impl_->iterate(family_due);
  iterator->Seek(lane_begin(static_cast<std::uint16_t>(from)));
  if (!iterator->status().ok()) return failed(iterator->status(), "scan family `due`");
  if (!iterator->Valid()) return std::optional<std::uint16_t>();
  const auto key = parse_due_key(iterator->key().ToStringView());
  if (!key) return fail(ErrorKind::corrupt, "an entry of family `due` cannot be read");
  return std::optional<std::uint16_t>(key->lane);
}

Result<void> Store::each_message(const MessageId& from, const std::function<bool(const MessageRecord&)>& visit) const {
  const auto iterator = impl_->iterate(family_message);
  for (iterator->Seek(message_key(from)); iterator->Valid(); iterator->Next()) {
    const auto record = decode_record(iterator->value().ToStringView());
    if (!record) {
      report_unreadable(iterator->key().ToStringView(), record.error());
    } else if (!visit(*record)) {
      return {};
    }
  }
  if (!iterator->status().ok()) return failed(iterator->status(), "scan family `message`");
  return {};
}

Result<void> Store::each_due(const std::function<bool(const DueKey&, const DueValue&)>& visit) const {
  const auto iterator = impl_->iterate(family_due);
  for (iterator->SeekToFirst(); iterator->Valid(); iterator->Next()) {
    const auto key = parse_due_key(iterator->key().ToStringView());
    const auto due = parse_due(iterator->value().ToStringView());
    if (!key || !due) return fail(ErrorKind::corrupt, "an entry of family `due` cannot be read");
    if (!visit(*key, *due)) return {};
  }
  if (!iterator->status().ok()) return failed(iterator->status(), "scan family `due`");
  return {};
}

Result<std::optional<MessageId>> Store::first_message(const MessageId& from) const {
  const auto iterator = impl_->iterate(family_message);
  iterator->Seek(message_key(from));
  if (!iterator->status().ok()) return failed(iterator->status(), "scan family `message`");
  if (!iterator->Valid()) return std::optional<MessageId>();
  return parse_message_key(iterator->key().ToStringView());
}

Result<std::vector<std::pair<SegmentKey, std::int64_t>>> Store::live_segments() const {
  std::vector<std::pair<SegmentKey, std::int64_t>> live;
  const auto iterator = impl_->iterate(family_segment);
  for (iterator->SeekToFirst(); iterator->Valid(); iterator->Next()) {
    const auto key = parse_segment_key(iterator->key().ToStringView());
    const auto octets = parse_count(iterator->value().ToStringView());
    if (!key || !octets) return fail(ErrorKind::corrupt, "an entry of family `segment` cannot be read");
    live.emplace_back(*key, *octets);
  }
  if (!iterator->status().ok()) return failed(iterator->status(), "scan family `segment`");
  return live;
}

Result<std::vector<std::pair<std::uint16_t, LogPosition>>> Store::watermarks() const {
  std::vector<std::pair<std::uint16_t, LogPosition>> watermarks;
  const auto iterator = impl_->iterate(family_meta);
  for (iterator->Seek("watermark/"); iterator->Valid(); iterator->Next()) {
    const auto log = parse_watermark_key(iterator->key().ToStringView());
    if (!log) break;
    const auto position = parse_position(iterator->value().ToStringView());
    if (!position) return fail(ErrorKind::corrupt, "a watermark cannot be read");
    watermarks.emplace_back(*log, *position);
  }
  if (!iterator->status().ok()) return failed(iterator->status(), "scan family `meta`");
  return watermarks;
}

Result<void> Store::write_marks(std::uint64_t id, std::string_view mark, const std::vector<std::uint64_t>& removed) {
  rocksdb::WriteBatch batch;
  auto* meta = impl_->families[family_meta];
  for (const std::uint64_t each : removed) batch.Delete(meta, mark_key(each));
  if (id != 0) {
    batch.Put(meta, mark_key(id), slice(mark));
    batch.Put(meta, slice(generation_name), encode_count(static_cast<std::int64_t>(id)));
  }
  rocksdb::WriteOptions options;
  options.sync = true;
  const auto status = impl_->db->Write(options, &batch);
  if (!status.ok()) return failed(status, "write the marks of the queue");
  return {};
}

Result<StoredMarks> Store::marks() const {
  StoredMarks stored;
  auto generation = impl_->count(generation_name);
  if (!generation) return propagate(generation);
  stored.generation = static_cast<std::uint64_t>(*generation);
  const auto iterator = impl_->iterate(family_meta);
  for (iterator->Seek(slice(mark_prefix)); iterator->Valid(); iterator->Next()) {
    if (!iterator->key().starts_with(slice(mark_prefix))) break;
    stored.marks.push_back(iterator->value().ToString());
  }
  if (!iterator->status().ok()) return failed(iterator->status(), "scan family `meta`");
  return stored;
}

Result<StoreCounts> Store::counts() const {
  auto messages = impl_->count(count_messages_name);
  if (!messages) return propagate(messages);
  auto deferred = impl_->count(count_deferred_name);
  if (!deferred) return propagate(deferred);
  return StoreCounts{*messages, *deferred};
}

}  // namespace ringpost::queue
