#include "foundation/geo/cover.h"

#include "foundation/check.h"
#include "foundation/geo/cover_private.h"

#include <math.h>
#include <string.h>

enum {
    LIMIT_CELLS = 3, /* those that add_limits() adds */
    /* Lists no longer than this are divided again. */
    DIVIDED_MAX = (GEO_COVER_RANGES - LIMIT_CELLS) / 4,
    /* A range that is covered again is divided until there are so many parts. */
    FINER_PARTS = 8,
};

struct cell_list {
    size_t count;
    struct geo_cell cells[GEO_COVER_MAX];
};

/* Adds the cell unless it misses the shape. */
static void add_cell(struct geo_outline *outline, struct cell_list *list, struct geo_cell cell) {
    enum geo_relation relation = geo_outline_relation(outline, cell);
    if (relation == GEO_OUTSIDE) return;
    CHECK(list->count < GEO_COVER_MAX);
    cell.is_inside = relation == GEO_INSIDE;
    list->cells[list->count++] = cell;
}

static void add_quarters(struct geo_outline *outline, struct cell_list *list,
                         struct geo_cell cell) {
    uint8_t shift = (uint8_t)(cell.shift - 1);
    for (uint64_t i = 0; i < 4; i++) {
        struct geo_cell quarter = {.first = cell.first + (i << 2 * shift), .shift = shift};
        if (cell.is_inside) {
            quarter.is_inside = true;
            list->cells[list->count++] = quarter;
        } else {
            add_cell(outline, list, quarter);
        }
    }
}

/* Cells beyond the limits of the world hold what lies exactly on these: they are left whole. */
static bool is_divisible(struct geo_cell cell) {
    return cell.shift > 0 && !cell.is_inside && cell.first >> GEOHASH_BITS == 0;
}

/* Divides every cell that the edge crosses; false when there is none. */
static bool divide_cells(struct geo_outline *outline, const struct cell_list *list,
                         struct cell_list *divided) {
    bool has_any = false;
    divided->count = 0;
    for (size_t i = 0; i < list->count; i++) {
        if (is_divisible(list->cells[i])) {
            add_quarters(outline, divided, list->cells[i]);
            has_any = true;
        } else {
            divided->cells[divided->count++] = list->cells[i];
        }
    }
    return has_any;
}

/* --- a whole shape --- */

static void sort_cells(struct cell_list *list) {
    for (size_t i = 1; i < list->count; i++) {
        struct geo_cell cell = list->cells[i];
        size_t place = i;
        for (; place > 0 && list->cells[place - 1].first > cell.first; place--)
            list->cells[place] = list->cells[place - 1];
        list->cells[place] = cell;
    }
}

static uint8_t bit_length(uint32_t number) {
    return number == 0 ? 0 : (uint8_t)(32 - __builtin_clz(number));
}

/* The at most four cells of one size that hold the window. */
static void enclose_window(struct geo_outline *outline, struct cell_list *list) {
    const struct geo_window *window = &outline->window;
    uint32_t west, east, south, north, columns = (uint32_t)1 << GEOHASH_STEPS;
    geohash_separate(window->west | window->south, &west, &south);
    geohash_separate(window->east | window->north, &east, &north);
    if (window->is_wrapped) east += columns;
    uint8_t shift_x = bit_length(east - west), shift_y = bit_length(north - south);
    uint8_t shift = shift_x > shift_y ? shift_x : shift_y;
    uint32_t last_x = shift == GEOHASH_STEPS ? west >> shift : east >> shift;
    for (uint32_t y = south >> shift; y <= north >> shift; y++) {
        for (uint32_t x = west >> shift; x <= last_x; x++) {
            uint32_t column = (x << shift) & (columns - 1);
            add_cell(
                outline, list,
                (struct geo_cell){.first = geohash_interleave(column, y << shift), .shift = shift});
        }
    }
    sort_cells(list);
}

/* The points whose longitude or latitude is the upper limit itself. */
static void add_limits(struct geo_outline *outline, struct cell_list *list) {
    if (outline->north < GEO_LATITUDE_MAX && !outline->window.is_wrapped &&
        fabs(outline->longitude) + outline->half_width < GEO_LONGITUDE_MAX) {
        return;
    }
    for (uint64_t i = 1; i <= LIMIT_CELLS; i++)
        add_cell(outline, list,
                 (struct geo_cell){.first = i << GEOHASH_BITS, .shift = GEOHASH_STEPS});
}

static void merge_runs(const struct cell_list *list, struct geo_cover *cover) {
    cover->count = 0;
    for (size_t i = 0; i < list->count; i++) {
        struct geo_cell cell = list->cells[i];
        struct geo_range *last = &cover->ranges[cover->count == 0 ? 0 : cover->count - 1];
        if (cover->count != 0 && last->end == cell.first) {
            last->end = geo_cell_end(cell);
            last->is_inside = last->is_inside && cell.is_inside;
            continue;
        }
        cover->ranges[cover->count++] = (struct geo_range){.first = cell.first,
                                                           .end = geo_cell_end(cell),
                                                           .is_inside = cell.is_inside,
                                                           .farthest_m = INFINITY};
    }
}

void geo_cover_shape(struct geo_outline *outline, struct geo_cover *cover) {
    struct cell_list lists[2];
    unsigned current = 0;
    lists[0].count = lists[1].count = 0;
    enclose_window(outline, &lists[0]);
    while (lists[current].count <= DIVIDED_MAX &&
           divide_cells(outline, &lists[current], &lists[!current])) {
        current = !current;
    }
    add_limits(outline, &lists[current]);
    merge_runs(&lists[current], cover);
}

/* --- a range, more finely --- */

/* The fewest cells that are the range. */
static void list_cells_of_range(struct geo_outline *outline, const struct geo_range *range,
                                struct cell_list *list) {
    for (uint64_t at = range->first; at < range->end;) {
        uint8_t shift = 0;
        while (shift < GEOHASH_STEPS) {
            uint64_t next_size = (uint64_t)4 << 2 * shift;
            if ((at & (next_size - 1)) != 0 || next_size > range->end - at) break;
            shift++;
        }
        struct geo_cell cell = {.first = at, .shift = shift};
        add_cell(outline, list, cell);
        at = geo_cell_end(cell);
    }
}

/* The largest cells first, so that the parts become alike. */
static bool divide_largest(struct geo_outline *outline, const struct cell_list *list,
                           bool may_divide_inside, struct cell_list *divided) {
    uint8_t largest = 0;
    for (size_t i = 0; i < list->count; i++) {
        bool is_wanted = may_divide_inside || !list->cells[i].is_inside;
        if (is_wanted && list->cells[i].shift > largest) largest = list->cells[i].shift;
    }
    divided->count = 0;
    for (size_t i = 0; i < list->count; i++) {
        struct geo_cell cell = list->cells[i];
        bool is_wanted = may_divide_inside || !cell.is_inside;
        if (largest > 0 && is_wanted && cell.shift == largest)
            add_quarters(outline, divided, cell);
        else
            divided->cells[divided->count++] = cell;
    }
    return largest > 0;
}

static void emit_cells(const struct geo_outline *outline, const struct cell_list *list,
                       bool has_distances, struct geo_cover *cover) {
    cover->count = list->count;
    for (size_t i = 0; i < list->count; i++) {
        struct geo_cell cell = list->cells[i];
        struct geo_range *range = &cover->ranges[i];
        *range = (struct geo_range){.first = cell.first,
                                    .end = geo_cell_end(cell),
                                    .is_inside = cell.is_inside,
                                    .farthest_m = INFINITY};
        if (has_distances)
            geo_outline_bound_distances(outline, cell, &range->nearest_m, &range->farthest_m);
    }
}

void geo_cover_range(struct geo_outline *outline, const struct geo_range *range, bool has_distances,
                     struct geo_cover *cover) {
    CHECK(range->end - range->first > 1);
    struct cell_list lists[2];
    unsigned current = 0;
    lists[0].count = lists[1].count = 0;
    list_cells_of_range(outline, range, &lists[0]);
    while (lists[current].count != 0 && lists[current].count < FINER_PARTS &&
           divide_largest(outline, &lists[current], has_distances, &lists[!current])) {
        current = !current;
    }
    emit_cells(outline, &lists[current], has_distances, cover);
}
