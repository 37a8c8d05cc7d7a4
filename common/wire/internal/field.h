#pragma once

#include <cstdint>
#include <string>

namespace ume {

// Where in a message a value stands, for refusals: a chain on the stack, e.g.
// "group_result.result.trajectories[3].ids".
struct Field {
  const Field* parent;  // null: the message itself
  const char* name;
  int64_t index = -1;  // of a repeated field's element

  std::string str() const;
};

// Throws InvalidInput "FIELD: WHAT".
[[noreturn]] void refuse(const Field& field, const std::string& what);

// Caps on what one field may hold.
constexpr size_t kMaxName = 4096;             // names, hashes, paths, reasons
constexpr size_t kMaxText = size_t{1} << 20;  // a prompt or a completion
constexpr size_t kMaxReport = size_t{16} << 20;  // the status
constexpr int64_t kMaxItems = 1 << 16;           // elements of a repeated field
constexpr int64_t kMaxDim = 1 << 16;             // of an embedding
constexpr int64_t kMaxGroup = 4096;              // trajectories of one group
constexpr int64_t kMaxTokens = 1 << 20;          // of one completion
constexpr int64_t kMaxRedraws = (1 << 12) - 1;   // of one completion
constexpr double kMaxSeconds = 1e9;              // of a wait
constexpr int64_t kMaxCount = INT64_C(1) << 53;  // of anything else

// Refuses more than `max_bytes`.
const std::string& text(const std::string& value,
                        size_t max_bytes,
                        const Field& field);
inline const std::string& name(const std::string& value, const Field& field) {
  return text(value, kMaxName, field);
}
// Refuses values outside [low, high], and NaN.
double number(double value, double low, double high, const Field& field);
double finite(double value, const Field& field);
int64_t integer(int64_t value, int64_t low, int64_t high, const Field& field);
// Refuses more than kMaxItems.
int num_items(int count, const Field& field);
// Refuses a count other than the one that another field demands.
void same_count(int64_t found,
                int64_t expected,
                const char* expected_by,
                const Field& field);
// Refuses a field that was not set.
void present(bool has, const Field& field);

// An element of a repeated field.
template <class Index>
Field at(const Field& parent, const char* field_name, Index index) {
  return {&parent, field_name, static_cast<int64_t>(index)};
}

}  // namespace ume
