#pragma once

#include <string>
#include <vector>

namespace ume {

// The known word that a mistyped one most likely meant (fewest letters
// inserted, removed, replaced or swapped with their neighbour); empty when none
// is near.
std::string nearest_word(const std::string& word,
                         const std::vector<std::string>& known);

}  // namespace ume
