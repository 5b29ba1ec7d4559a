/* Is it a page that is well-formed, runs nothing, loads nothing, shows nothing that hides, and can be read aloud? */
#ifndef TWOFOLD_TESTS_PAGE_CHECK_H
#define TWOFOLD_TESTS_PAGE_CHECK_H

/* NULL when it is; else what is wrong and where. Borrowed until the next call. */
const char *page_check(const char *page);

#endif
