#include "common/config/internal/yaml_tree.h"

#include <yaml-cpp/anchor.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <map>
#include <optional>
#include <sstream>

#include "common/error/error.h"

namespace ume {
namespace {

constexpr size_t kMaxBytes = size_t{1} << 20;
constexpr size_t kMaxDepth = 64;
constexpr size_t kMaxNodes = 100'000;
constexpr size_t kMaxTextBytes = size_t{16} << 20;

// Of a value with all that is in it.
struct TreeSize {
  size_t nodes = 0;
  size_t text_bytes = 0;

  TreeSize& operator+=(const TreeSize& other) {
    nodes += other.nodes;
    text_bytes += other.text_bytes;
    return *this;
  }
  TreeSize since(const TreeSize& before) const {
    return {nodes - before.nodes, text_bytes - before.text_bytes};
  }
};

// Builds the tree from the parser's events. The events, unlike yaml-cpp's own
// tree, show duplicate keys and let aliases be counted.
class TreeBuilder : public YAML::EventHandler {
 public:
  TreeBuilder(const std::string& source, bool with_lines)
      : source_(source), with_lines_(with_lines) {}

  YamlNode take() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    add(node_at(mark, YamlNode::Kind::kNull), anchor);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) {
      fail(line_of(mark), "an alias inside the value that it names");
    }
    size_ += found->second.size;
    check_size(line_of(mark));
    if (open_.size() + found->second.depth > kMaxDepth) {
      fail(line_of(mark), "deeper than " + std::to_string(kMaxDepth));
    }
    if (!open_.empty()) {
      open_.back().depth =
          std::max(open_.back().depth, found->second.depth + 1);
    }
    add(found->second.node, 0);
  }

  void OnScalar(const YAML::Mark& mark,
                const std::string& tag,
                YAML::anchor_t anchor,
                const std::string& value) override {
    size_.text_bytes += value.size();
    YamlNode node = node_at(mark, YamlNode::Kind::kScalar);
    check_tag(mark, tag);
    node.quoted = tag != "?";
    node.text = value;
    add(std::move(node), anchor);
  }

  void OnSequenceStart(const YAML::Mark& mark,
                       const std::string& tag,
                       YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    check_tag(mark, tag);
    open(mark, YamlNode::Kind::kList, anchor);
  }
  void OnSequenceEnd() override { close(); }

  void OnMapStart(const YAML::Mark& mark,
                  const std::string& tag,
                  YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    check_tag(mark, tag);
    open(mark, YamlNode::Kind::kMap, anchor);
  }
  void OnMapEnd() override { close(); }

 private:
  struct Open {
    YamlNode node;
    YAML::anchor_t anchor;
    TreeSize before;
    size_t depth = 1;             // of what is inside so far, itself included
    std::optional<YamlNode> key;  // of a map, waiting for its value
    std::map<std::string, int> lines;  // of a map's keys
  };
  struct Anchored {
    YamlNode node;
    TreeSize size;
    size_t depth;
  };

  [[noreturn]] void fail(int line, const std::string& what) const {
    throw ConfigError(place(source_, line) + ": " + what);
  }
  int line_of(const YAML::Mark& mark) const {
    return with_lines_ ? mark.line + 1 : 0;
  }
  // With the copies that aliases make, and those that are kept for them.
  void check_size(int line) const {
    TreeSize all = size_;
    all += kept_;
    if (all.nodes > kMaxNodes) {
      fail(line, "more than " + std::to_string(kMaxNodes) +
                     " values (aliases counted in full, and once more what "
                     "has an anchor)");
    }
    if (all.text_bytes > kMaxTextBytes) {
      fail(line, "more than " + std::to_string(kMaxTextBytes >> 20) +
                     " MiB of text (counted likewise)");
    }
  }
  void check_tag(const YAML::Mark& mark, const std::string& tag) const {
    if (!tag.empty() && tag != "?" && tag != "!" &&
        tag != "tag:yaml.org,2002:str") {
      fail(line_of(mark), "the tag '" + tag + "' is not supported");
    }
  }
  YamlNode node_at(const YAML::Mark& mark, YamlNode::Kind kind) {
    ++size_.nodes;
    check_size(line_of(mark));
    YamlNode node;
    node.kind = kind;
    node.line = line_of(mark);
    return node;
  }

  void open(const YAML::Mark& mark,
            YamlNode::Kind kind,
            YAML::anchor_t anchor) {
    const TreeSize before = size_;
    YamlNode node = node_at(mark, kind);
    if (open_.size() >= kMaxDepth) {
      fail(node.line, "deeper than " + std::to_string(kMaxDepth));
    }
    open_.push_back({std::move(node), anchor, before, 1, {}, {}});
  }
  void close() {
    Open done = std::move(open_.back());
    open_.pop_back();
    if (done.anchor != 0) {
      keep(done.anchor, {done.node, size_.since(done.before), done.depth});
    }
    if (!open_.empty()) {
      open_.back().depth = std::max(open_.back().depth, done.depth + 1);
    }
    attach(std::move(done.node));
  }
  void add(YamlNode node, YAML::anchor_t anchor) {
    if (anchor != 0) keep(anchor, {node, {1, node.text.size()}, 1});
    attach(std::move(node));
  }
  // For its aliases: a value is copied once for each anchor that it is within.
  void keep(YAML::anchor_t anchor, Anchored value) {
    kept_ += value.size;
    check_size(value.node.line);
    anchors_[anchor] = std::move(value);
  }

  void attach(YamlNode node) {
    if (open_.empty()) {
      root_ = std::move(node);
      return;
    }
    Open& parent = open_.back();
    if (parent.node.kind == YamlNode::Kind::kList) {
      parent.node.items.push_back(std::move(node));
    } else if (!parent.key) {
      if (node.kind != YamlNode::Kind::kScalar) {
        fail(node.line, "expected a key, found " + describe_node(node));
      }
      const auto [before, is_new] = parent.lines.emplace(node.text, node.line);
      if (!is_new) {
        fail(node.line,
             "the key '" + node.text + "' was given before" +
                 (node.line > 0 ? ", on line " + std::to_string(before->second)
                                : ""));
      }
      parent.key = std::move(node);
    } else {
      parent.node.entries.push_back({std::move(*parent.key), std::move(node)});
      parent.key.reset();
    }
  }

  const std::string& source_;
  const bool with_lines_;
  TreeSize size_;  // of the tree so far
  TreeSize kept_;  // of anchors_
  YamlNode root_;
  std::vector<Open> open_;
  std::map<YAML::anchor_t, Anchored> anchors_;
};

}  // namespace

std::string describe_node(const YamlNode& node) {
  switch (node.kind) {
    case YamlNode::Kind::kNull:
      return "nothing";
    case YamlNode::Kind::kScalar:
      return "'" + node.text.substr(0, 80) + "'";
    case YamlNode::Kind::kList:
      return "a list";
    case YamlNode::Kind::kMap:
      return "a map";
  }
  return "?";
}

std::string place(const std::string& source, int line) {
  return line > 0 ? source + ":" + std::to_string(line) : source;
}

YamlNode parse_yaml(std::string_view text,
                    const std::string& source,
                    bool with_lines) {
  if (text.size() > kMaxBytes) {
    throw ConfigError(source + ": larger than 1 MiB");
  }
  std::istringstream stream{std::string(text)};
  try {
    YAML::Parser parser(stream);
    TreeBuilder builder(source, with_lines);
    parser.HandleNextDocument(builder);
    TreeBuilder second(source, with_lines);
    if (parser.HandleNextDocument(second)) {
      throw ConfigError(source + ": holds more than one YAML document");
    }
    return builder.take();
  } catch (const YAML::Exception& error) {
    throw ConfigError(place(source, with_lines && !error.mark.is_null()
                                        ? error.mark.line + 1
                                        : 0) +
                      ": not valid YAML: " + error.msg);
  }
}

}  // namespace ume
