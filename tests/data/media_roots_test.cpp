#include "data/records/media_roots.h"

#include <catch2/catch.hpp>

#include "common/error/error.h"
#include "tests/support/scratch_folder.h"

using namespace ume;

namespace {

std::string refusal(const MediaRoots& roots, const MediaRef& ref) {
  try {
    return "accepted " + roots.resolve(ref, "F, line 3").string();
  } catch (const InvalidInput& error) {
    return error.what();
  }
}

}  // namespace

TEST_CASE("MediaRoots: finds files inside their root") {
  const ScratchFolder folder;
  folder.write("media/a/b.png", "x");
  std::filesystem::create_symlink("b.png", folder / "media/a/c.png");
  const MediaRoots roots({{".", folder / "media"}});
  const auto real = std::filesystem::canonical(folder / "media/a/b.png");
  CHECK(roots.resolve({".", "a/b.png", ""}, "r") == real);
  CHECK(roots.resolve({".", "./a//b.png", ""}, "r") == real);
  CHECK(roots.resolve({".", "a/c.png", ""}, "r") == real);
}

TEST_CASE("MediaRoots: nothing leads out of a root") {
  const ScratchFolder folder;
  folder.write("secret.png", "x");
  folder.write("media2/x.png", "x");
  const auto inside = folder.write("media/in.png", "x");
  namespace fs = std::filesystem;
  fs::create_symlink("../secret.png", folder / "media/out.png");
  fs::create_directory_symlink("..", folder / "media/up");
  fs::create_symlink("loop.png", folder / "media/loop.png");
  const MediaRoots roots({{"m", folder / "media"}});
  const auto refused = [&](const std::string& path, const char* why) {
    INFO(path);
    CHECK_THAT(refusal(roots, {"m", path, ""}),
               Catch::StartsWith("F, line 3: '") && Catch::Contains(why));
  };
  refused("", "the path is empty");
  refused("../secret.png", "'..' is not accepted");
  refused("a/../in.png", "'..' is not accepted");
  refused("../media2/x.png", "'..' is not accepted");
  refused("/etc/passwd", "absolute paths are not accepted");
  refused(inside.string(), "absolute paths are not accepted");
  refused("file:///etc/passwd", "URLs are not supported");
  refused("https://example.org/a.png", "URLs are not supported");
  refused("data:image/png;base64,xx", "URLs are not supported");
  refused(std::string("in.png\0.txt", 11), "holds a NUL");
  refused("out.png", "leads out of the media root");
  refused("up/secret.png", "leads out of the media root");
  refused("up/media2/x.png", "leads out of the media root");
  refused("loop.png", "symbolic links");
  refused("none.png", "No such file");
  refused(".", "not a regular file");
  refused(std::string(5000, 'x'), "File name too long");
  CHECK_THAT(refusal(roots, {"n", "in.png", ""}),
             Catch::Contains("media root 'n' is not configured"));
}

namespace {

// A root with two files inside, others outside, and links that lead there.
void build_tree(const ScratchFolder& folder) {
  namespace fs = std::filesystem;
  folder.write("secret.png", "x");
  folder.write("root2/x.png", "x");
  folder.write("root/in.png", "x");
  folder.write("root/doc.pdf", "x");
  folder.write("root/sub/in.png", "x");
  const fs::path root = folder / "root";
  fs::create_symlink("../secret.png", root / "out.png");
  fs::create_symlink(folder / "secret.png", root / "out_absolute.png");
  fs::create_symlink("/etc/passwd", root / "passwd.png");
  fs::create_symlink("out.png", root / "twice.png");
  fs::create_symlink("/dev/zero", root / "zero.png");
  fs::create_symlink("none", root / "dangling.png");
  fs::create_symlink("loop.png", root / "loop.png");
  fs::create_directory_symlink("..", root / "up");
  fs::create_directory_symlink("/", root / "top");
  fs::create_directory_symlink("/proc/self", root / "proc");
  fs::create_directory_symlink("../../root2", root / "sub/next");
}

// By the path alone.
std::vector<std::string> ways_out(const ScratchFolder& folder) {
  return {"",
          ".",
          "..",
          "/",
          "../secret.png",
          "../../secret.png",
          "./../secret.png",
          "sub/../../secret.png",
          "sub/../in.png",
          "sub/..",
          "../root/in.png",
          "../root2/x.png",
          folder / "secret.png",
          folder / "root/in.png",
          "//etc/passwd",
          "/etc/passwd",
          "/proc/self/environ",
          "file:///etc/passwd",
          "FILE:///etc/passwd",
          "file:/etc/passwd",
          "http://127.0.0.1/a.png",
          "https://example.org/a.png",
          "concat://a|b",
          "data:image/png;base64,AAAA",
          std::string("in.png\0.txt", 11),
          std::string("\0", 1),
          "sub",
          "in.png/",
          "in.png/x",
          "IN.PNG",
          "~/in.png",
          "$HOME/in.png",
          "..\\secret.png",
          "%2e%2e/secret.png",
          "doc.pdf#page=0",
          "doc.pdf#/../../secret.png",
          "../doc.pdf#page=1",
          std::string(5000, 'x')};
}

// By the links of build_tree().
const std::string kLinkedWaysOut[] = {
    "out.png",        "out_absolute.png", "passwd.png",   "twice.png",
    "zero.png",       "dangling.png",     "loop.png",     "up/secret.png",
    "up/root2/x.png", "top/etc/passwd",   "proc/environ", "sub/next/x.png"};

}  // namespace

TEST_CASE("MediaRoots: forty ways out of a root are all refused") {
  const ScratchFolder folder;
  build_tree(folder);
  const MediaRoots roots({{"m", folder / "root"}});
  std::vector<std::string> paths = ways_out(folder);
  paths.insert(paths.end(), std::begin(kLinkedWaysOut),
               std::end(kLinkedWaysOut));
  for (const std::string& path : paths) {
    CAPTURE(path);
    CHECK_THROWS_AS(roots.resolve({"m", path, ""}, "r"), InvalidInput);
    CHECK_THROWS_AS(roots.open({"m", path, ""}, "r"), InvalidInput);
  }
  CHECK(paths.size() >= 40);
  CHECK(roots.open({"m", "in.png", ""}, "r").size == 1);
  CHECK(roots.open({"m", "doc.pdf#page=7", ""}, "r").page == 7);
}

TEST_CASE("MediaRoots: control characters do not reach the message") {
  const ScratchFolder folder;
  const MediaRoots roots({{".", folder.path()}});
  CHECK_THAT(refusal(roots, {".", "a\x1B[2J\nb", ""}),
             Catch::Contains("'a?[2J?b'"));
}

TEST_CASE("MediaRoots: a root that is no folder is a configuration error") {
  const ScratchFolder folder;
  const auto file = folder.write("a", "x");
  CHECK_THROWS_AS(MediaRoots({{"m", folder / "none"}}), ConfigError);
  CHECK_THROWS_WITH(MediaRoots({{"m", file}}), Catch::Contains("not a folder"));
}
