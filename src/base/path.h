/* What the name of a file or folder says, and what is there. Nothing is allocated or reported. */
#ifndef BASE_PATH_H
#define BASE_PATH_H

#include <stdbool.h>

/* What is behind the last slash, the whole path when it has none: a part of `path`, "" of one that ends in a slash. */
const char *path_last_name(const char *path);

/* Does the text end in `end`, with something before it? ".yaml" is no file of that kind: it has no name. */
bool path_has_end(const char *path, const char *end);

/* Is a folder there, or a symbolic link to one? False also when that cannot be known, as of "". */
bool path_is_folder(const char *path);

#endif
