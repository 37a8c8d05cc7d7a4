#pragma once

#include <nlohmann/json.hpp>
#include <string>

// The JSON library's templates are instantiated once, in json_instances.cpp,
// and not again in each file that uses them, which took up to two seconds a
// file. The precompiled headers include it (cmake/Precompiled.cmake); other
// files need not.
namespace ume {

// What a parser reads from: std::string, text in memory, std::istream.
using JsonStringInput =
    nlohmann::detail::iterator_input_adapter<std::string::const_iterator>;
using JsonTextInput = nlohmann::detail::iterator_input_adapter<const char*>;
using JsonStreamInput = nlohmann::detail::input_stream_adapter;

}  // namespace ume

namespace nlohmann {

extern template class basic_json<>;
extern template class basic_json<ordered_map>;
extern template class detail::serializer<json>;
extern template class detail::serializer<ordered_json>;
extern template class detail::json_sax_dom_parser<json>;
extern template class detail::json_sax_dom_callback_parser<json>;
extern template class detail::lexer<json, ume::JsonStringInput>;
extern template class detail::parser<json, ume::JsonStringInput>;
extern template class detail::lexer<json, ume::JsonTextInput>;
extern template class detail::parser<json, ume::JsonTextInput>;
extern template class detail::lexer<json, ume::JsonStreamInput>;
extern template class detail::parser<json, ume::JsonStreamInput>;

}  // namespace nlohmann
