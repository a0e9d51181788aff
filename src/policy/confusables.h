// Names as the eye reads them: compatibility forms, case, accents, look-alike letters of other scripts and invisible
// characters make no difference. "Ann Lee", "АNN LЕЕ" in Cyrillic, "ann\u200blee" and "Ann Iee" with a capital I come
// out alike. For comparing only; nobody should be shown the result.
//
// Standards: Unicode TR 39 4 (skeletons), UAX 15 (NFKC_Casefold).
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace ringpost::policy {

using Words = std::vector<std::string>;

/// Skeleton before case, and case before skeleton: look-alikes among capitals and among small letters are different
/// ones. Two names are alike when any of their readings are equal. Words are runs of letters, digits and marks.
std::array<Words, 2> name_readings(std::string_view utf8);

/// NFKC with case folded, without what does not show; every white space is ' '. Letters stay in their script.
std::string fold_text(std::string_view utf8);

/// Characters that force a direction of writing on others: in a name they only hide how it is spelled.
bool has_direction_override(std::string_view utf8);

}  // namespace ringpost::policy
