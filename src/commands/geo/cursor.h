/* Cursors of GEOSEARCH … CURSOR c COUNT n: where in the order of the results a page ended.
 *
 * A cursor is a text that says what the last member of the page was:
 *
 *      score:member               unsorted, the order of the set
 *      score:distance:member      ASC or DESC; metres
 *
 * It stands for a place in the order, not for a member that must still be there, and the server
 * remembers nothing. So whatever comes and goes between two pages: a member that stays where it is
 * through all of them is seen exactly once, the search costs no more for starting late, and a cursor
 * never ends. "0" begins a search, and as the next cursor says that no more follows. Members that
 * move between the pages may be seen twice or not at all; so may all when the centre moves. */
#ifndef COMMANDS_GEO_CURSOR_H
#define COMMANDS_GEO_CURSOR_H

#include "commands/geo/search.h"
#include "engine/call.h"

/* Reads a cursor for results in that order into a mark whose member is a view of the text; false
 * when it is none. *is_start: it was the "0" of a beginning, and the mark is unset. */
NODISCARD bool cursor_parse(struct bytes text, enum hits_order order, struct search_mark *mark,
                            bool *is_start);
/* The cursor behind a hit. */
void cursor_reply(struct call *call, const struct search *search, const struct hit *hit);

#endif
