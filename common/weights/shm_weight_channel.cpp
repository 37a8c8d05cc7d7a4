#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "common/error/error.h"
#include "common/files/file_descriptor.h"
#include "common/weights/internal/shm_files.h"
#include "common/weights/internal/weight_file.h"
#include "common/weights/weight_channel.h"
#include "common/weights/weight_claim.h"

namespace ume {
namespace {

namespace fs = std::filesystem;

constexpr size_t kKeptVersions = 2;

std::string error_text(const std::string& path, const std::string& what) {
  return path + ": " + what + ": " + std::strerror(errno);
}

// A file's bytes in memory, read-only. They stay when the name goes.
class Mapping {
 public:
  explicit Mapping(const std::string& path) {
    FileDescriptor file(
        ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    if (!file) {
      throw Unavailable(error_text(path, "these weights cannot be opened"));
    }
    struct stat info {};
    if (::fstat(file.get(), &info) != 0 || info.st_size <= 0) {
      throw InvalidInput(path + ": these weights are empty");
    }
    size_ = static_cast<size_t>(info.st_size);
    data_ = ::mmap(nullptr, size_, PROT_READ, MAP_SHARED, file.get(), 0);
    if (data_ == MAP_FAILED) {
      throw IoError(error_text(path, "cannot map"));
    }
  }
  ~Mapping() { ::munmap(data_, size_); }
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;

  std::span<const std::byte> bytes() const {
    return {static_cast<const std::byte*>(data_), size_};
  }

 private:
  void* data_ = nullptr;
  size_t size_ = 0;
};

class ShmSnapshot : public WeightSnapshot {
 public:
  explicit ShmSnapshot(const std::string& path)
      : mapping_(path), weights_(parse_weights(mapping_.bytes(), path)) {}
  const PolicyVersion& version() const override { return weights_.version; }
  const std::vector<WeightTensor>& tensors() const override {
    return weights_.tensors;
  }

 private:
  const Mapping mapping_;
  const ParsedWeights weights_;
};

void write_all(int fd,
               std::span<const std::byte> bytes,
               const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(fd, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) {
      continue;
    }
    if (count < 0) {
      throw IoError(error_text(path, "cannot write the weights"));
    }
    bytes = bytes.subspan(static_cast<size_t>(count));
  }
}

class ShmWeightChannel : public WeightChannel {
 public:
  ShmWeightChannel(const std::string& folder, const std::string& run_id)
      : folder_(folder), run_id_(run_id), claim_(folder, run_id) {}

  WeightManifest publish(const PolicyVersion& version,
                         std::span<const WeightTensor> tensors) override {
    const std::string path = folder_ + "/" + weight_file_name(run_id_, version);
    const std::string temporary = path + ".tmp-" + std::to_string(::getpid());
    try {
      write_version(temporary, version, tensors);
      if (::rename(temporary.c_str(), path.c_str()) != 0) {
        throw IoError(error_text(path, "cannot rename into place"));
      }
    } catch (...) {
      ::unlink(temporary.c_str());
      throw;
    }
    remove_old(version);
    WeightManifest manifest{version, "shm", path, 0, weight_hash(tensors)};
    for (const WeightTensor& tensor : tensors) {
      manifest.num_bytes += tensor.bytes.size();
    }
    return manifest;
  }

  std::shared_ptr<const WeightSnapshot> receive(
      const WeightManifest& manifest) override {
    // The name follows from the version: a manifest cannot point elsewhere.
    const std::string path =
        folder_ + "/" + weight_file_name(run_id_, manifest.version);
    auto snapshot = std::make_shared<ShmSnapshot>(path);
    const std::string hash = weight_hash(snapshot->tensors());
    if (snapshot->version() != manifest.version || hash != manifest.hash) {
      throw InvalidInput(path + ": has the hash " + hash + ", expected " +
                         manifest.hash);
    }
    return snapshot;
  }

 private:
  void write_version(const std::string& path,
                     const PolicyVersion& version,
                     std::span<const WeightTensor> tensors) const {
    const WeightLayout layout = lay_out_weights(version, tensors);
    FileDescriptor file(
        ::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    // Asking for the room at once finds a full memory file system here, and
    // not as a fault in a reader.
    if (!file) {
      throw IoError(error_text(path, "cannot create"));
    }
    const int error =
        ::posix_fallocate(file.get(), 0, static_cast<off_t>(layout.num_bytes));
    if (error != 0) {
      throw IoError(path + ": no room for " + std::to_string(layout.num_bytes) +
                    " bytes of weights: " + std::strerror(error));
    }
    write_all(file.get(), std::as_bytes(std::span(layout.header)), path);
    for (size_t i = 0; i < tensors.size(); ++i) {
      ::lseek(file.get(), static_cast<off_t>(layout.offsets[i]), SEEK_SET);
      write_all(file.get(), tensors[i].bytes, path);
    }
    if (!file.close()) {
      throw IoError(error_text(path, "cannot write the weights"));
    }
  }

  // Keeps the version just published and the newest one before it. Newer ones
  // are of a discarded incarnation, which went further before it died; those of
  // a later incarnation are not ours to remove.
  void remove_old(const PolicyVersion& published) const {
    std::vector<PolicyVersion> older;
    std::vector<std::string> gone;
    for (const auto& entry : fs::directory_iterator(folder_)) {
      const std::string name = entry.path().filename().string();
      const auto found = version_of(name, run_id_);
      if (!found || found->version.incarnation > published.incarnation) {
        continue;
      }
      if (found->temporary || found->version > published) {
        gone.push_back(name);
      } else if (found->version < published) {
        older.push_back(found->version);
      }
    }
    std::sort(older.begin(), older.end());
    for (size_t i = 0; i + kKeptVersions <= older.size(); ++i) {
      gone.push_back(weight_file_name(run_id_, older[i]));
    }
    for (const std::string& name : gone) {
      ::unlink((folder_ + "/" + name).c_str());
    }
  }

  const std::string folder_;
  const std::string run_id_;
  const WeightClaim claim_;
};

}  // namespace

std::unique_ptr<WeightChannel> make_shm_weight_channel(
    const std::string& folder, const std::string& run_id) {
  return std::make_unique<ShmWeightChannel>(folder, run_id);
}

}  // namespace ume
