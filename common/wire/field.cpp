#include <cmath>

#include "common/error/error.h"
#include "common/wire/internal/field.h"

namespace ume {

std::string Field::str() const {
  std::string path = parent == nullptr ? "" : parent->str() + ".";
  path += name;
  if (index >= 0) {
    path += "[" + std::to_string(index) + "]";
  }
  return path;
}

void refuse(const Field& field, const std::string& what) {
  throw InvalidInput(field.str() + ": " + what);
}

const std::string& text(const std::string& value,
                        size_t max_bytes,
                        const Field& field) {
  if (value.size() > max_bytes) {
    refuse(field, "has " + std::to_string(value.size()) + " bytes, at most " +
                      std::to_string(max_bytes) + " are allowed");
  }
  return value;
}

double number(double value, double low, double high, const Field& field) {
  if (!(value >= low && value <= high)) {
    refuse(field, "is " + std::to_string(value) + ", expected " +
                      std::to_string(low) + " to " + std::to_string(high));
  }
  return value;
}

double finite(double value, const Field& field) {
  if (!std::isfinite(value)) {
    refuse(field, "is not finite");
  }
  return value;
}

int64_t integer(int64_t value, int64_t low, int64_t high, const Field& field) {
  if (value < low || value > high) {
    refuse(field, "is " + std::to_string(value) + ", expected " +
                      std::to_string(low) + " to " + std::to_string(high));
  }
  return value;
}

int num_items(int count, const Field& field) {
  integer(count, 0, kMaxItems, field);
  return count;
}

void same_count(int64_t found,
                int64_t expected,
                const char* expected_by,
                const Field& field) {
  if (found != expected) {
    refuse(field, "has " + std::to_string(found) + " elements, " + expected_by +
                      " demands " + std::to_string(expected));
  }
}

void present(bool has, const Field& field) {
  if (!has) {
    refuse(field, "is missing");
  }
}

}  // namespace ume
