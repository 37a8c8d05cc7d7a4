#pragma once

#include <string>
#include <string_view>

#include "common/types/trajectory.h"

namespace ume {

// A group's trajectories as compact bytes: a format byte, varints for integers
// and lengths, floats as they are in memory (little-endian), and the XXH3-128
// of all that at the end (docs/formats/ledger.md).
std::string pack_result(const GroupResult& result);

// Throws InvalidInput when the bytes are damaged or of another format.
GroupResult unpack_result(std::string_view blob);

// Of what a fault must not change: the trajectories, embeddings and prompt;
// not of who made them, when, and under which lease.
std::string result_digest(const GroupResult& result);

}  // namespace ume
