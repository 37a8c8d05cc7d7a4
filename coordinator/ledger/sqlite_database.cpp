#include "coordinator/ledger/sqlite_database.h"

#include <algorithm>
#include <filesystem>

#include "common/clock/clock.h"
#include "common/clock/deadline.h"
#include "common/error/error.h"
#include "common/hash/xxh3.h"
#include "common/text/printable.h"

namespace ume {
namespace {

constexpr int kApplicationId = 0x554d4531;  // "UME1"
constexpr double kLockPollSeconds = 0.05;

// Of key and value, so that a row under a wrong key is found, too.
int64_t checksum(std::string_view key, std::string_view value) {
  return static_cast<int64_t>(
      Xxh3Hasher().update_field(key).update(value).low64());
}

void bind_text(sqlite3_stmt* statement, int index, std::string_view text) {
  sqlite3_bind_text(statement, index, text.data(),
                    static_cast<int>(text.size()), SQLITE_STATIC);
}

std::string_view column(sqlite3_stmt* statement, int index) {
  const auto* bytes =
      static_cast<const char*>(sqlite3_column_blob(statement, index));
  const auto size = static_cast<size_t>(sqlite3_column_bytes(statement, index));
  return {bytes == nullptr ? "" : bytes, size};
}

bool is_busy(int code) {
  return (code & 0xff) == SQLITE_BUSY || (code & 0xff) == SQLITE_LOCKED;
}

// Opening an empty file would begin a database in it.
void require_content(const std::string& path) {
  std::error_code error;
  const bool exists = std::filesystem::exists(path, error);
  if (!exists && !error) throw IoError(path + " is missing");
  if (!error && std::filesystem::file_size(path, error) == 0 && !error) {
    throw IoError(path + " is empty");
  }
}

// The first key that no longer begins with the prefix; prefixes are ASCII.
std::string after(std::string_view prefix) {
  std::string end(prefix);
  if (end.empty()) return "\x7f";
  ++end.back();
  return end;
}

}  // namespace

SqliteLedger::Database::Database(const std::string& path,
                                 const SqliteLedgerOptions& options)
    : path_(path) {
  if (!options.create) require_content(path);
  try {
    connect(options);
    check_identity(options.create);
    check_pages();
  } catch (...) {
    sqlite3_close_v2(connection_);
    throw;
  }
}

SqliteLedger::Database::~Database() {
  for (auto& table : statements_) {
    for (sqlite3_stmt* statement : table) sqlite3_finalize(statement);
  }
  if (in_transaction_) {
    sqlite3_exec(connection_, "ROLLBACK", nullptr, nullptr, nullptr);
  }
  sqlite3_close_v2(connection_);
}

// A coordinator whose supervisor was killed needs a moment to end.
void SqliteLedger::Database::connect(const SqliteLedgerOptions& options) {
  const int create = options.create ? SQLITE_OPEN_CREATE : 0;
  const SystemClock clock;
  const Deadline deadline(clock, options.lock_seconds, "ledger lock");
  for (;;) {
    const int code = sqlite3_open_v2(
        path_.c_str(), &connection_,
        SQLITE_OPEN_READWRITE | SQLITE_OPEN_EXRESCODE | create, nullptr);
    if (code != SQLITE_OK) fail("cannot be opened");
    if (take_lock()) return;
    // A connection that keeps half of the lock would keep others waiting.
    sqlite3_close_v2(std::exchange(connection_, nullptr));
    if (deadline.expired()) {
      throw ConfigError(path_ +
                        " is in use by another coordinator; one run directory "
                        "has one (waited " +
                        short_number(options.lock_seconds) +
                        " s for the ledger lock)");
    }
    nap(kLockPollSeconds);
  }
}

// EXCLUSIVE before the first access: the lock is held until the connection ends
// and no shared memory file is needed, so network file systems work. Returns
// false while another connection has it.
bool SqliteLedger::Database::take_lock() {
  for (const char* sql :
       {"PRAGMA locking_mode=EXCLUSIVE", "PRAGMA journal_mode=WAL",
        "PRAGMA synchronous=FULL", "BEGIN EXCLUSIVE", "COMMIT"}) {
    const int code = sqlite3_exec(connection_, sql, nullptr, nullptr, nullptr);
    if (is_busy(code)) return false;
    if (code != SQLITE_OK) fail(std::string("failed at ") + sql);
  }
  return true;
}

void SqliteLedger::Database::check_identity(bool create) {
  const std::string id = query_one("PRAGMA application_id");
  const std::string version = query_one("PRAGMA user_version");
  if (id == "0" && version == "0" &&
      query_one("SELECT count(*) FROM sqlite_master") == "0") {
    if (!create) throw IoError(path_ + " is empty");
    create_tables();
    return;
  }
  if (id != std::to_string(kApplicationId)) {
    throw ConfigError(path_ +
                      " is a SQLite file, but no ledger of this "
                      "program");
  }
  if (version != std::to_string(kSchemaVersion)) {
    throw ConfigError(path_ + " has schema version " + version +
                      "; this program reads version " +
                      std::to_string(kSchemaVersion) +
                      ". Continue the run with the program that began it.");
  }
}

void SqliteLedger::Database::create_tables() {
  run("BEGIN EXCLUSIVE");
  for (int i = 0; i < kNumTables; ++i) {
    run("CREATE TABLE " + std::string(table_name(LedgerTable(i))) +
        " (key TEXT PRIMARY KEY NOT NULL, value NOT NULL,"
        " checksum INTEGER NOT NULL)");
  }
  run("PRAGMA application_id=" + std::to_string(kApplicationId));
  run("PRAGMA user_version=" + std::to_string(kSchemaVersion));
  run("COMMIT");
}

void SqliteLedger::Database::check_pages() {
  const std::string found = query_one("PRAGMA quick_check(1)");
  if (found != "ok") throw IoError(path_ + " is damaged: " + found);
}

void SqliteLedger::Database::begin() {
  if (in_transaction_) return;
  run("BEGIN IMMEDIATE");
  in_transaction_ = true;
}

void SqliteLedger::Database::put(LedgerTable table,
                                 std::string_view key,
                                 std::string_view value) {
  begin();
  sqlite3_stmt* put = statement(kPut, table);
  bind_text(put, 1, key);
  if (table == LedgerTable::kTrajectories) {
    sqlite3_bind_blob64(put, 2, value.data(), value.size(), SQLITE_STATIC);
  } else {
    bind_text(put, 2, value);
  }
  sqlite3_bind_int64(put, 3, checksum(key, value));
  step_done(put);
}

void SqliteLedger::Database::erase(LedgerTable table, std::string_view key) {
  begin();
  sqlite3_stmt* erase = statement(kErase, table);
  bind_text(erase, 1, key);
  step_done(erase);
}

std::optional<std::string> SqliteLedger::Database::get(LedgerTable table,
                                                       std::string_view key) {
  sqlite3_stmt* get = statement(kGet, table);
  bind_text(get, 1, key);
  Rows rows = collect(table, get);
  if (rows.empty()) return std::nullopt;
  return std::move(rows.front().second);
}

SqliteLedger::Database::Rows SqliteLedger::Database::scan(
    LedgerTable table, std::string_view prefix) {
  sqlite3_stmt* scan = statement(kScan, table);
  const std::string end = after(prefix);
  bind_text(scan, 1, prefix);
  bind_text(scan, 2, end);
  return collect(table, scan);
}

SqliteLedger::Database::Rows SqliteLedger::Database::tail(LedgerTable table,
                                                          size_t limit) {
  sqlite3_stmt* tail = statement(kTail, table);
  sqlite3_bind_int64(tail, 1, static_cast<sqlite3_int64>(limit));
  Rows rows = collect(table, tail);
  std::reverse(rows.begin(), rows.end());
  return rows;
}

void SqliteLedger::Database::commit() {
  if (!in_transaction_) return;
  run("COMMIT");
  in_transaction_ = false;
}

void SqliteLedger::Database::rollback() {
  if (!in_transaction_) return;
  // SQLite may have rolled back by itself when a write failed.
  if (sqlite3_get_autocommit(connection_) == 0) run("ROLLBACK");
  in_transaction_ = false;
}

void SqliteLedger::Database::run(const std::string& sql) {
  if (sqlite3_exec(connection_, sql.c_str(), nullptr, nullptr, nullptr) !=
      SQLITE_OK) {
    fail("failed at " + sql);
  }
}

std::string SqliteLedger::Database::query_one(const std::string& sql) {
  sqlite3_stmt* query = prepare(sql);
  const int code = sqlite3_step(query);
  std::string value;
  if (code == SQLITE_ROW) value = column(query, 0);
  sqlite3_finalize(query);
  if (code != SQLITE_ROW && code != SQLITE_DONE) fail("failed at " + sql);
  return value;
}

sqlite3_stmt* SqliteLedger::Database::prepare(const std::string& sql) {
  sqlite3_stmt* prepared = nullptr;
  if (sqlite3_prepare_v2(connection_, sql.c_str(), -1, &prepared, nullptr) !=
      SQLITE_OK) {
    fail("failed at " + sql);
  }
  return prepared;
}

sqlite3_stmt* SqliteLedger::Database::statement(Statement kind,
                                                LedgerTable table) {
  sqlite3_stmt*& made = statements_[static_cast<size_t>(table)][kind];
  if (made != nullptr) {
    sqlite3_reset(made);
    return made;
  }
  const std::string name(table_name(table));
  const std::string columns = "SELECT key, value, checksum FROM " + name;
  switch (kind) {
    case kPut:
      made = prepare("INSERT INTO " + name +
                     " (key, value, checksum) VALUES (?1, ?2, ?3) ON CONFLICT "
                     "(key) DO UPDATE SET value=?2, checksum=?3");
      break;
    case kErase:
      made = prepare("DELETE FROM " + name + " WHERE key=?1");
      break;
    case kGet:
      made = prepare(columns + " WHERE key=?1");
      break;
    case kScan:
      made = prepare(columns + " WHERE key>=?1 AND key<?2 ORDER BY key");
      break;
    default:
      made = prepare(columns + " ORDER BY key DESC LIMIT ?1");
      break;
  }
  return made;
}

void SqliteLedger::Database::step_done(sqlite3_stmt* statement) {
  const int code = sqlite3_step(statement);
  sqlite3_reset(statement);
  if (code != SQLITE_DONE) fail("cannot be written");
}

SqliteLedger::Database::Rows SqliteLedger::Database::collect(
    LedgerTable table, sqlite3_stmt* statement) {
  Rows rows;
  int code = sqlite3_step(statement);
  for (; code == SQLITE_ROW; code = sqlite3_step(statement)) {
    rows.emplace_back(column(statement, 0), column(statement, 1));
    const auto& [key, value] = rows.back();
    if (sqlite3_column_int64(statement, 2) != checksum(key, value)) {
      sqlite3_reset(statement);
      throw IoError(path_ + " is damaged: table " +
                    std::string(table_name(table)) + ", row " + key +
                    ": its checksum does not hold");
    }
  }
  sqlite3_reset(statement);
  if (code != SQLITE_DONE) fail("cannot be read");
  return rows;
}

void SqliteLedger::Database::fail(const std::string& doing) {
  const int code = sqlite3_extended_errcode(connection_);
  const std::string why = sqlite3_errmsg(connection_);
  switch (code & 0xff) {
    case SQLITE_FULL:
      throw IoError(path_ + ": the disk is full; what was committed is intact");
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      throw IoError(path_ + " is damaged or no SQLite file: " + why);
    default:
      throw IoError(path_ + " " + doing + ": " + why);
  }
}

}  // namespace ume
