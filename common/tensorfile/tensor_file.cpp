#include <sys/mman.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>

#include "common/error/error.h"
#include "common/files/files.h"
#include "common/tensorfile/bounded_json.h"
#include "common/tensorfile/safetensors.h"
#include "common/tensorfile/shard_index.h"
#include "common/text/printable.h"

namespace ume {

// A read-only mapping of a whole file.
class TensorFile::Mapping {
 public:
  explicit Mapping(const std::string& path) {
    const FileDescriptor file = open_regular_file(path);
    struct stat info {};
    if (::fstat(file.get(), &info) != 0) fail(path, "cannot be looked at");
    size_ = static_cast<size_t>(info.st_size);
    if (size_ > 0) {
      data_ = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, file.get(), 0);
    }
    if (data_ == MAP_FAILED) fail(path, "cannot be mapped");
  }
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;
  ~Mapping() {
    if (size_ > 0) ::munmap(data_, size_);
  }
  std::span<const std::byte> bytes() const {
    return {static_cast<const std::byte*>(data_), size_};
  }

 private:
  [[noreturn]] static void fail(const std::string& path, const char* what) {
    throw IoError(path + ": " + what + ": " + std::strerror(errno));
  }
  void* data_ = nullptr;
  size_t size_ = 0;
};

TensorFile::TensorFile() = default;
TensorFile::TensorFile(TensorFile&&) noexcept = default;
TensorFile& TensorFile::operator=(TensorFile&&) noexcept = default;
TensorFile::~TensorFile() = default;

TensorFile TensorFile::open(const std::string& path) {
  TensorFile file;
  file.where_ = path;
  file.mappings_.push_back(std::make_unique<Mapping>(path));
  file.tensors_ =
      parse_safetensors(file.mappings_.back()->bytes(), path, &file.metadata_);
  return file;
}

namespace {

constexpr uint64_t kMaxIndexBytes = 64u << 20;

// The index decides which files are opened: plain names of this folder only.
void check_shard_name(const std::string& index, const std::string& name) {
  const bool plain =
      !name.empty() && name.size() <= 255 && name.front() != '.' &&
      name.find_first_of(std::string_view("/\\\0", 3)) == std::string::npos;
  if (!plain || !name.ends_with(".safetensors")) {
    throw InvalidInput(index + ": weight_map names \"" + printable(name) +
                       "\", expected a *.safetensors file of the same folder");
  }
}

}  // namespace

ShardNames parse_shard_index(std::string_view json, const std::string& path) {
  const nlohmann::json index = parse_json(json, path);
  const auto map = index.find("weight_map");
  if (!index.is_object() || map == index.end() || !map->is_object()) {
    throw InvalidInput(path + ": has no weight_map object");
  }
  ShardNames shards;
  for (const auto& [tensor, file] : map->items()) {
    if (!file.is_string()) {
      throw InvalidInput(path + ": weight_map of \"" + printable(tensor) +
                         "\" is not a file name");
    }
    const auto& name = file.get_ref<const std::string&>();
    check_shard_name(path, name);
    shards[name].insert(tensor);
  }
  if (shards.empty()) throw InvalidInput(path + ": weight_map is empty");
  return shards;
}

TensorFile TensorFile::open_folder(const std::string& folder) {
  const std::string index = folder + "/model.safetensors.index.json";
  if (!path_exists(index)) {
    return open(folder + "/model.safetensors");
  }
  TensorFile all;
  all.where_ = folder;
  for (const auto& [name, tensors] :
       parse_shard_index(read_file(index, kMaxIndexBytes), index)) {
    TensorFile shard = open(folder + "/" + name);
    for (const auto& [tensor, view] : shard.tensors_) {
      if (!tensors.contains(tensor)) {
        throw InvalidInput(shard.where_ + ": tensor \"" + printable(tensor) +
                           "\" is not this shard's in " + index);
      }
    }
    for (const std::string& tensor : tensors) {
      if (!shard.tensors_.contains(tensor)) {
        throw InvalidInput(shard.where_ + ": tensor \"" + printable(tensor) +
                           "\" is missing, but " + index + " lists it");
      }
    }
    all.tensors_.merge(shard.tensors_);
    all.metadata_.merge(shard.metadata_);
    all.mappings_.push_back(std::move(shard.mappings_.front()));
  }
  return all;
}

const TensorView& TensorFile::at(std::string_view name) const {
  const auto it = tensors_.find(name);
  if (it == tensors_.end()) {
    throw InvalidInput(where_ + ": has no tensor \"" + std::string(name) + '"');
  }
  return it->second;
}

}  // namespace ume
