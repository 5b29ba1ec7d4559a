#include "tests/page_check.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "common/utf8.h"

typedef struct Reader {
    const char *at;
    const char *names[64];
    size_t lengths[64];
    int depth;
} Reader;

static bool is_name(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-'; }

/* Up to `end`: valid UTF-8, only known entities, no control or direction-changing characters, no bare markup. */
static bool read_text(Reader *reader, char end) {
    static const char *const ENTITIES[] = {"&amp;", "&lt;", "&gt;", "&quot;", "&#39;"};
    while (*reader->at && *reader->at != end && *reader->at != '<') {
        uint32_t c = 0;
        int length = utf8_decode(reader->at, strlen(reader->at) < 4 ? strlen(reader->at) : 4, &c);
        if (!length || (c < 0x20 && c != '\n') || (c >= 0x7f && c < 0xa0) || (c >= 0x202a && c <= 0x202e) ||
            (c >= 0x2066 && c <= 0x2069))
            return false;
        bool known = c != '&';
        for (size_t i = 0; i < 5 && !known; i++) known = strncmp(reader->at, ENTITIES[i], strlen(ENTITIES[i])) == 0;
        if (!known) return false;
        reader->at += length;
    }
    return true;
}

static bool read_attributes(Reader *reader) {
    while (*reader->at == ' ') {
        const char *name = ++reader->at;
        while (is_name(*reader->at)) reader->at++;
        if (reader->at == name || strncmp(name, "on", 2) == 0) return false; /* no handler of events */
        if (strncmp(name, "src", 3) == 0) return false;                      /* nothing is loaded */
        if (*reader->at != '=') continue;                                    /* "open" */
        if (*++reader->at != '"') return false;
        reader->at++;
        if (!read_text(reader, '"') || *reader->at++ != '"') return false;
    }
    return true;
}

static bool read_element(Reader *reader) {
    static const char *const ALLOWED[] = {
        "html", "head", "meta",  "title",  "style",    "body",    "main",  "p",       "bdi",    "h1",        "h2", "h3",
        "b",    "br",   "small", "div",    "table",    "caption", "thead", "tbody",   "tr",     "th",        "td", "figure",
        "svg",  "path", "g",    "rect",  "circle", "polyline", "polygon", "text",  "nav",     "ol",     "li",        "a",  "pre",
        "code", "dl",   "dt",    "dd",     "details",  "summary", "span",  "section", "footer", "figcaption", "ul"};
    const char *name = reader->at;
    while (is_name(*reader->at)) reader->at++;
    size_t length = (size_t)(reader->at - name);
    bool allowed = false;
    for (size_t i = 0; i < sizeof ALLOWED / sizeof *ALLOWED; i++)
        allowed |= strlen(ALLOWED[i]) == length && strncmp(ALLOWED[i], name, length) == 0;
    if (!allowed || !read_attributes(reader)) return false;
    bool empty = strncmp(name, "meta", 4) == 0 || (length == 2 && strncmp(name, "br", 2) == 0);
    if (strncmp(reader->at, "/>", 2) == 0) {
        reader->at += 2;
        return true;
    }
    if (*reader->at++ != '>' || reader->depth == 64) return false;
    if (!empty) {
        reader->names[reader->depth] = name;
        reader->lengths[reader->depth++] = length;
    }
    return true;
}

static bool read_end(Reader *reader) {
    const char *name = reader->at;
    while (is_name(*reader->at)) reader->at++;
    if (!reader->depth--) return false;
    size_t length = (size_t)(reader->at - name);
    return length == reader->lengths[reader->depth] && strncmp(name, reader->names[reader->depth], length) == 0 &&
           *reader->at++ == '>';
}

static int count(const char *page, const char *part) {
    int found = 0;
    for (const char *at = strstr(page, part); at; at = strstr(at + 1, part)) found++;
    return found;
}

/* What axe-core asks of a page and can be read off its text: headings that skip no level, a caption for every table, a name for every drawing and
 * for all that scrolls, no landmarks but one main (which may then go without names). */
static const char *access_check(const char *page) {
    static char problem[128];
    int level = 0;
    for (const char *at = strstr(page, "<h"); at; at = strstr(at + 1, "<h")) {
        if (at[2] < '1' || at[2] > '6') continue;
        int next = at[2] - '0';
        snprintf(problem, sizeof problem, "a heading of level %d behind one of %d: %.40s", next, level, at);
        if (next > level + 1) return problem;
        level = next;
    }
    if (count(page, "<h1>") != 1 || count(page, "<main>") != 1) return "not one <h1> and one <main>";
    if (count(page, "<table") != count(page, "<caption>")) return "a table without a caption";
    if (count(page, "<table") != count(page, ".csv</a></caption>")) return "a table that names no file";
    if (count(page, "<figure") != count(page, ".png</a></span></figcaption>")) return "a drawing that names no files";
    if (count(page, "<svg") != count(page, "role=\"img\" aria-label=\"")) return "a drawing without a name";
    if (strstr(page, "aria-label=\"\"")) return "an empty name";
    if (count(page, "tabindex=\"0\"") != count(page, "tabindex=\"0\" aria-label=\"")) return "what scrolls has no name";
    return strstr(page, "role=\"region\"") ? "a landmark, whose name would have to differ from all others" : NULL;
}

const char *page_check(const char *page) {
    static char problem[256];
    static const char START[] = "<!DOCTYPE html>\n<html lang=\"en\">";
    Reader reader = {.at = page + strlen("<!DOCTYPE html>\n")};
    if (strncmp(page, START, strlen(START)) != 0) return "it does not begin as a page";
    do {
        const char *from = reader.at;
        bool end = from[0] == '<' && from[1] == '/';
        reader.at += end ? 2 : 1;
        if (*from == '<' && (end ? read_end(&reader) : read_element(&reader)) && read_text(&reader, '\0')) continue;
        snprintf(problem, sizeof problem, "not well-formed at byte %td: %.120s", reader.at - page, from);
        return problem;
    } while (reader.depth);
    static const char POLICY[] = "content=\"default-src 'none'; style-src 'sha256-", REST[] = "'; base-uri 'none'; form-action 'none'\"";
    const char *policy = strstr(page, POLICY);
    if (!policy || strncmp(policy + sizeof POLICY - 1 + 44, REST, sizeof REST - 1) != 0) return "no content security policy";
    if (strstr(page, " style=\"")) return "an attribute of style, which the policy forbids";
    return strstr(page, "https://") ? "it links to somewhere else" : access_check(page);
}
