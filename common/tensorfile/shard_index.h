#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>

namespace ume {

// Shard file -> the tensors that it must hold.
using ShardNames = std::map<std::string, std::set<std::string>>;

// Reads a `model.safetensors.index.json`; `where` names it in messages. Throws
// InvalidInput; also for a shard that is not a plain file name.
ShardNames parse_shard_index(std::string_view json, const std::string& where);

}  // namespace ume
