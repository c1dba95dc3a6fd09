// SPDX-License-Identifier: MIT
// The page that shows the router in a browser. Its text is page.html, made into a source file by
// make_page.py.
#pragma once

#include <string_view>

namespace mm::admin {

extern const std::string_view kPage;
extern const std::string_view
    kPagePolicy;  // Content-Security-Policy: its script, its style, no more

}  // namespace mm::admin
