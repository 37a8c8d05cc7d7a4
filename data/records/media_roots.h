#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "common/types/record.h"
#include "data/media/media_file.h"

namespace ume {

// Where this process finds media: root name -> folder. Records are written by
// others, so that a path never leads out of its root. Immutable.
class MediaRoots {
 public:
  // "." is the folder of the record file. Throws ConfigError, naming the
  // root, for a folder that does not exist.
  explicit MediaRoots(const std::map<std::string, std::string>& folders);

  // The real path of an existing regular file; of a document's page
  // (data/media/media_file.h) that of the document. `where` names the record in
  // the InvalidInput that is thrown for a root that is not configured; a path
  // that is empty, absolute, a URL or holds ".." or NUL; a file that is
  // missing, or outside the root by a symbolic link. The content hash is the
  // business of whoever reads the file.
  std::filesystem::path resolve(const MediaRef& ref,
                                const std::string& where) const;
  // The same file, opened, with the page. Nothing that changes between the
  // check and the opening leads out of the root. Throws likewise.
  MediaFile open(const MediaRef& ref, const std::string& where) const;

 private:
  std::map<std::string, std::filesystem::path> folders_;  // canonical
};

}  // namespace ume
