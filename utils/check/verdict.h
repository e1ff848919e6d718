/* What is said of a file in the end; the worst one is the program's exit status. */
#ifndef CHECK_VERDICT_H
#define CHECK_VERDICT_H

enum verdict {
    VERDICT_FINE = 0,
    VERDICT_BROKEN = 1,
    VERDICT_FAILED = 2, /* could not be read or written */
};

#endif
