#include "coordinator/ledger/result_blob.h"

#include <bit>
#include <cstring>
#include <vector>

#include "common/error/error.h"
#include "common/hash/xxh3.h"

namespace ume {
namespace {

static_assert(std::endian::native == std::endian::little,
              "blobs hold little-endian floats");

constexpr char kFormat = 1;
constexpr size_t kHashBytes = 32;

class Packer {
 public:
  void integer(uint64_t value) {
    while (value >= 0x80) {
      bytes_.push_back(static_cast<char>((value & 0x7f) | 0x80));
      value >>= 7;
    }
    bytes_.push_back(static_cast<char>(value));
  }
  void text(std::string_view value) {
    integer(value.size());
    bytes_.append(value);
  }
  template <class T>
  void raw(const T& value) {
    bytes_.append(reinterpret_cast<const char*>(&value), sizeof value);
  }
  void floats(const std::vector<float>& values) {
    integer(values.size());
    bytes_.append(reinterpret_cast<const char*>(values.data()),
                  values.size() * sizeof(float));
  }
  std::string& bytes() { return bytes_; }

 private:
  std::string bytes_;
};

class Unpacker {
 public:
  explicit Unpacker(std::string_view bytes) : rest_(bytes) {}

  uint64_t integer() {
    uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      const auto byte = static_cast<unsigned char>(take(1)[0]);
      value |= static_cast<uint64_t>(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    throw InvalidInput("an integer has more than ten bytes");
  }
  std::string text() { return std::string(take(integer())); }
  template <class T>
  T raw() {
    T value;
    std::memcpy(&value, take(sizeof value).data(), sizeof value);
    return value;
  }
  std::vector<float> floats() {
    const uint64_t count = counted(sizeof(float));
    std::vector<float> values(count);
    const std::string_view bytes = take(count * sizeof(float));
    if (count > 0) std::memcpy(values.data(), bytes.data(), bytes.size());
    return values;
  }
  // A length of which each element takes at least `bytes_each`.
  uint64_t counted(size_t bytes_each) {
    const uint64_t count = integer();
    if (count > rest_.size() / bytes_each) {
      throw InvalidInput("a length of " + std::to_string(count) +
                         " goes past the end");
    }
    return count;
  }
  bool empty() const { return rest_.empty(); }

 private:
  std::string_view take(uint64_t count) {
    if (count > rest_.size()) throw InvalidInput("the bytes end too soon");
    const std::string_view taken = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return taken;
  }
  std::string_view rest_;
};

// Redraws are written only where they are allowed: other results keep the bytes
// and the digest that they had before there were any.
void pack_trajectory(Packer& out, const Trajectory& t, bool has_redraws) {
  out.integer(static_cast<uint64_t>(t.sample));
  out.integer(t.ids.size());
  for (const int64_t id : t.ids) out.integer(static_cast<uint64_t>(id));
  out.text(t.completion);
  out.floats(t.logprobs);
  out.floats(t.gen_embedding);
  out.integer(static_cast<uint64_t>(t.embedding_source));
  out.integer(static_cast<uint64_t>(t.finish));
  if (has_redraws) out.integer(static_cast<uint64_t>(t.redraws));
}

Trajectory unpack_trajectory(Unpacker& in, bool has_redraws) {
  Trajectory t;
  t.sample = static_cast<int32_t>(in.integer());
  t.ids.resize(in.counted(1));
  for (int64_t& id : t.ids) id = static_cast<int64_t>(in.integer());
  t.completion = in.text();
  t.logprobs = in.floats();
  t.gen_embedding = in.floats();
  t.embedding_source = static_cast<EmbeddingSource>(in.integer());
  t.finish = static_cast<FinishReason>(in.integer());
  if (has_redraws) t.redraws = static_cast<int32_t>(in.integer());
  return t;
}

void pack_content(Packer& out, const GroupResult& result) {
  out.integer(result.group.dispatch_index);
  out.integer(static_cast<uint64_t>(result.group.side));
  out.text(result.prompt_digest);
  out.integer(static_cast<uint64_t>(result.prompt_tokens));
  out.raw(result.sampling.temperature);
  out.integer(static_cast<uint64_t>(result.sampling.top_k));
  out.raw(result.sampling.top_p);
  out.integer(static_cast<uint64_t>(result.sampling.max_new_tokens));
  const auto max_redraws = static_cast<uint64_t>(result.sampling.max_redraws);
  out.integer((max_redraws << 1) | (result.sampling.ignore_eos ? 1 : 0));
  out.integer(result.trajectories.size());
  for (const Trajectory& t : result.trajectories) {
    pack_trajectory(out, t, max_redraws > 0);
  }
  out.floats(result.disc_embedding);
}

void unpack_content(Unpacker& in, GroupResult& result) {
  result.group.dispatch_index = in.integer();
  result.group.side = static_cast<Side>(in.integer());
  result.prompt_digest = in.text();
  result.prompt_tokens = static_cast<int64_t>(in.integer());
  result.sampling.temperature = in.raw<double>();
  result.sampling.top_k = static_cast<int32_t>(in.integer());
  result.sampling.top_p = in.raw<double>();
  result.sampling.max_new_tokens = static_cast<int32_t>(in.integer());
  const uint64_t flags = in.integer();
  result.sampling.ignore_eos = (flags & 1) != 0;
  result.sampling.max_redraws = static_cast<int32_t>(flags >> 1);
  result.trajectories.resize(in.counted(7));
  for (Trajectory& t : result.trajectories) {
    t = unpack_trajectory(in, flags > 1);
  }
  result.disc_embedding = in.floats();
}

}  // namespace

std::string pack_result(const GroupResult& result) {
  Packer out;
  out.bytes().push_back(kFormat);
  out.integer(result.fencing);
  out.integer(result.version.update);
  out.integer(result.version.incarnation);
  out.text(result.weight_hash);
  out.raw(result.seconds);
  pack_content(out, result);
  out.bytes() += xxh3_hex(out.bytes());
  return std::move(out.bytes());
}

GroupResult unpack_result(std::string_view blob) {
  if (blob.size() < 1 + kHashBytes) throw InvalidInput("it is too short");
  const std::string_view body = blob.substr(0, blob.size() - kHashBytes);
  if (xxh3_hex(body) != blob.substr(body.size())) {
    throw InvalidInput("its checksum does not hold");
  }
  if (body[0] != kFormat) {
    throw InvalidInput("format " + std::to_string(body[0]) + ", expected " +
                       std::to_string(kFormat));
  }
  Unpacker in(body.substr(1));
  GroupResult result;
  result.fencing = in.integer();
  result.version.update = in.integer();
  result.version.incarnation = static_cast<uint32_t>(in.integer());
  result.weight_hash = in.text();
  result.seconds = in.raw<double>();
  unpack_content(in, result);
  if (!in.empty()) throw InvalidInput("there are bytes after its end");
  return result;
}

std::string result_digest(const GroupResult& result) {
  Packer out;
  pack_content(out, result);
  return xxh3_hex(out.bytes());
}

}  // namespace ume
