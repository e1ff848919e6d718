/* What sorted sets can do beyond Redis: ranks that ties share, neighbours, percentiles, capped
 * boards, exact integer scores. */
#include "commands/keys/key_commands.h"
#include "commands/string/string_commands.h"
#include "commands/zset/zset_commands.h"
#include "data/types/zset/zset.h"
#include "foundation/random.h"
#include "unit/support/command_fixture.h"
#include "unit/support/error_texts.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static const struct command_list *const lists[] = {
    &string_set_commands,
    &key_exist_commands,
    &key_object_commands,
    NULL,
};
static const struct feature others = {.name = "others", .commands = lists};
static const struct feature *const features[] = {&zset_commands_feature, &others, NULL};

static int set_up_with_limit(void **state, int64_t max_packed) {
    struct command_fixture *fixture = fixture_new_of_features(features);
    zset_set_limits(max_packed, 64);
    fixture_run(fixture, "SET s text");
    fixture_run(fixture, "ZADD board 10 ann 20 bob 20 cat 20 dan 30 eve 50 fay");
    (void)fixture_events(fixture);
    *state = fixture;
    return 0;
}

static int set_up_packed(void **state) {
    return set_up_with_limit(state, 128);
}

static int set_up_table(void **state) {
    return set_up_with_limit(state, 0);
}

static int tear_down(void **state) {
    fixture_free(*state);
    return 0;
}

/* --- shared ranks --- */

static void ties_share_a_competition_rank(void **state) {
    struct command_fixture *f = *state;
    assert_reply(f, "ZRANK board ann COMPETITION", "0");
    assert_reply(f, "ZRANK board bob COMPETITION", "1");
    assert_reply(f, "ZRANK board dan competition", "1");
    assert_reply(f, "ZRANK board eve COMPETITION", "4");
    assert_reply(f, "ZREVRANK board fay COMPETITION", "0");
    assert_reply(f, "ZREVRANK board bob COMPETITION", "2");
    assert_reply(f, "ZREVRANK board dan COMPETITION", "2");
    assert_reply(f, "ZREVRANK board ann COMPETITION", "5");
}

static void a_dense_rank_counts_scores(void **state) {
    struct command_fixture *f = *state;
    assert_reply(f, "ZRANK board ann DENSE", "0");
    assert_reply(f, "ZRANK board cat DENSE", "1");
    assert_reply(f, "ZRANK board eve DENSE WITHSCORE", "[2, \"30\"]");
    assert_reply(f, "ZREVRANK board cat WITHSCORE DENSE", "[2, \"20\"]");
    assert_reply(f, "ZREVRANK board ann DENSE", "3");
    assert_reply(f, "ZRANK board absent DENSE", "nil");
    assert_reply(f, "ZRANK absent x DENSE WITHSCORE", "nil-array");
}

static void options_of_ranks_are_checked(void **state) {
    struct command_fixture *f = *state;
    assert_reply(f, "ZRANK board ann DENSE COMPETITION",
                 "-ERR DENSE and COMPETITION options at the same time are not compatible");
    assert_reply(f, "ZRANK board ann LOOSE", "-ERR syntax error");
    assert_reply(f, "ZRANK board ann DENSE LOOSE", "-ERR syntax error");
    assert_reply(f, "ZRANK board ann WITHSCORE WITHSCORE",
                 "-ERR wrong number of arguments for 'zrank' command");
    assert_reply(f, "ZREVRANK board ann DENSE WITHSCORE DENSE",
                 "-ERR wrong number of arguments for 'zrevrank' command");
    assert_reply(f, "ZRANK s ann DENSE", WRONG_TYPE);
}

static int64_t run_integer(struct command_fixture *f, const char *line) {
    return strtoll(fixture_run(f, line), NULL, 10);
}

/* Many members of few scores and of many, against counting. */
static void shared_ranks_are_those_of_a_naive_count(void **state) {
    enum { MEMBERS = 400, ROUNDS = 40 };
    struct command_fixture *f = *state;
    char line[96];
    int scores[MEMBERS];
    random_set_seed(7);
    for (int round = 0; round < ROUNDS; round++) {
        int kinds = round % 2 == 0 ? 1 + (int)random_below(8) : 1 + (int)random_below(600);
        fixture_run(f, "DEL z");
        for (int i = 0; i < MEMBERS; i++) {
            scores[i] = (int)random_below((uint64_t)kinds) - kinds / 2;
            snprintf(line, sizeof(line), "ZADD z %d m%d", scores[i], i);
            fixture_run(f, line);
        }
        for (int asked = 0; asked < MEMBERS; asked += 13) {
            bool below[600] = {false}, above[600] = {false};
            int members_below = 0, members_above = 0, dense = 0, reverse_dense = 0;
            for (int i = 0; i < MEMBERS; i++) {
                members_below += scores[i] < scores[asked];
                members_above += scores[i] > scores[asked];
                if (scores[i] < scores[asked]) below[scores[i] + kinds / 2] = true;
                if (scores[i] > scores[asked]) above[scores[i] + kinds / 2] = true;
            }
            for (int i = 0; i < 600; i++) {
                dense += below[i];
                reverse_dense += above[i];
            }
            snprintf(line, sizeof(line), "ZRANK z m%d DENSE", asked);
            assert_int_equal(run_integer(f, line), dense);
            snprintf(line, sizeof(line), "ZREVRANK z m%d DENSE", asked);
            assert_int_equal(run_integer(f, line), reverse_dense);
            snprintf(line, sizeof(line), "ZRANK z m%d COMPETITION", asked);
            assert_int_equal(run_integer(f, line), members_below);
            snprintf(line, sizeof(line), "ZREVRANK z m%d COMPETITION", asked);
            assert_int_equal(run_integer(f, line), members_above);
        }
    }
}

enum { PLAYERS = 150, KINDS = 12 };

/* Scores by player, INT64_MIN for those who are not there. */
static void change_board(struct command_fixture *f, int64_t *scores) {
    char line[96];
    int player = (int)random_below(PLAYERS), score = (int)random_below(KINDS),
        start = (int)random_below(PLAYERS);
    switch ((int)random_below(40)) {
    case 0:
        snprintf(line, sizeof(line), "ZREMRANGEBYRANK z %d %d", start,
                 start + (int)random_below(30));
        break;
    case 1: snprintf(line, sizeof(line), "ZREMRANGEBYSCORE z %d %d", score, score); break;
    case 2: snprintf(line, sizeof(line), "ZPEXPIRE z 0 MEMBERS 1 m%d", player); break;
    case 3:
        snprintf(line, sizeof(line), "ZPEXPIRE z 5 MEMBERS 2 m%d m%d", player, start);
        fixture_run(f, line);
        fixture_advance_ms(f, 5);
        snprintf(line, sizeof(line), "ZCARD z");
        break;
    case 4: snprintf(line, sizeof(line), "ZREM z m%d", player); break;
    default: snprintf(line, sizeof(line), "ZADD z %d m%d", score, player);
    }
    fixture_run(f, line);
    for (int i = 0; i < PLAYERS; i++) {
        snprintf(line, sizeof(line), "ZSCORE z m%d", i);
        const char *reply = fixture_run(f, line);
        scores[i] = reply[0] == '"' ? strtoll(reply + 1, NULL, 10) : INT64_MIN;
    }
}

static int count_kinds(const int64_t *scores, int64_t from, int64_t to) {
    int kinds = 0;
    for (int64_t kind = from; kind < to; kind++) {
        bool is_there = false;
        for (int i = 0; i < PLAYERS; i++) is_there |= scores[i] == kind;
        kinds += is_there;
    }
    return kinds;
}

static void dense_ranks_stay_right_whatever_changes(void **state) {
    enum { STEPS = 3000 };
    struct command_fixture *f = *state;
    int64_t scores[PLAYERS];
    char line[96];
    random_set_seed(11);
    for (int step = 0; step < STEPS; step++) {
        change_board(f, scores);
        int player = (int)random_below(PLAYERS);
        if (scores[player] == INT64_MIN) continue;
        snprintf(line, sizeof(line), "ZRANK z m%d DENSE", player);
        assert_int_equal(run_integer(f, line), count_kinds(scores, 0, scores[player]));
        snprintf(line, sizeof(line), "ZREVRANK z m%d DENSE", player);
        assert_int_equal(run_integer(f, line), count_kinds(scores, scores[player] + 1, KINDS));
        const struct entry *entry =
            database_find(f->engine->keyspace->dbs[0], key_of(BYTES("z"))).entry;
        zset_verify(entry);
    }
}

/* --- lists with ranks --- */

static void neighbours_stand_on_either_side(void **state) {
    struct command_fixture *f = *state;
    assert_reply(f, "ZAROUND board cat 1", "[\"bob\", \"cat\", \"dan\"]");
    assert_reply(f, "ZAROUND board cat 0", "[\"cat\"]");
    assert_reply(f, "ZAROUND board ann 2", "[\"ann\", \"bob\", \"cat\"]");
    assert_reply(f, "ZAROUND board fay 1 REV", "[\"fay\", \"eve\"]");
    assert_reply(f, "ZAROUND board cat 9223372036854775807",
                 "[\"ann\", \"bob\", \"cat\", \"dan\", \"eve\", \"fay\"]");
    assert_reply(f, "ZAROUND board absent 1", "nil-array");
    assert_reply(f, "ZAROUND absent ann 1", "nil-array");
}

static void neighbours_come_with_scores_and_ranks(void **state) {
    struct command_fixture *f = *state;
    assert_reply(f, "ZAROUND board eve 1 WITHSCORES",
                 "[\"dan\", \"20\", \"eve\", \"30\", \"fay\", \"50\"]");
    assert_reply(f, "ZAROUND board eve 1 REV WITHRANKS", "[\"fay\", 0, \"eve\", 1, \"dan\", 2]");
    f->session.version = RESP3;
    assert_reply(f, "ZAROUND board eve 1 withranks withscores",
                 "[[\"dan\", 20, 3], [\"eve\", 30, 4], [\"fay\", 50, 5]]");
    assert_reply(f, "ZAROUND board eve 1", "[\"dan\", \"eve\", \"fay\"]");
    assert_reply(f, "ZAROUND board absent 1", "nil");
}

static void what_zaround_is_given_is_checked(void **state) {
    struct command_fixture *f = *state;
    static const char count_error[] =
        "-ERR count must be a number of neighbours on either side, 0 or more";
    assert_reply(f, "ZAROUND board cat -1", count_error);
    assert_reply(f, "ZAROUND board cat many", count_error);
    assert_reply(f, "ZAROUND board cat 1 WITHSCORE",
                 "-ERR syntax error, only REV, WITHSCORES and WITHRANKS may follow");
    assert_reply(f, "ZAROUND s cat 1", WRONG_TYPE);
    assert_reply(f, "ZAROUND board cat", "-ERR wrong number of arguments for 'zaround' command");
}

static void zrange_tells_ranks(void **state) {
    struct command_fixture *f = *state;
    assert_reply(f, "ZRANGE board 0 1 WITHRANKS", "[\"ann\", 0, \"bob\", 1]");
    assert_reply(f, "ZRANGE board 0 1 REV WITHRANKS WITHSCORES",
                 "[\"fay\", \"50\", 0, \"eve\", \"30\", 1]");
    assert_reply(f, "ZRANGE board 15 30 BYSCORE LIMIT 1 2 WITHRANKS", "[\"cat\", 2, \"dan\", 3]");
    assert_reply(f, "ZRANGE board 30 15 BYSCORE REV LIMIT 1 2 WITHRANKS",
                 "[\"dan\", 2, \"cat\", 3]");
    assert_reply(f, "ZRANGE board 5 2 WITHRANKS", "[]");
    assert_reply(f, "ZRANGE board 5 2 REV WITHRANKS", "[]");
    assert_reply(f, "ZRANGE absent 0 1 WITHRANKS", "[]");
    f->session.version = RESP3;
    assert_reply(f, "ZRANGE board 0 1 WITHRANKS", "[[\"ann\", 0], [\"bob\", 1]]");
    assert_reply(f, "ZRANGESTORE to board 0 1 WITHRANKS", "-ERR syntax error");
    assert_reply(f, "ZREVRANGE board 0 1 WITHRANKS", "-ERR syntax error");
}

/* --- percentiles --- */

static void percentiles_are_of_the_nearest_rank(void **state) {
    struct command_fixture *f = *state;
    assert_reply(f, "ZPERCENTILE board 0 16.6 16.7 50 100",
                 "[[\"ann\", \"10\"], [\"ann\", \"10\"], [\"bob\", \"20\"], [\"cat\", \"20\"], "
                 "[\"fay\", \"50\"]]");
    assert_reply(f, "ZPERCENTILE absent 50 60", "[nil-array, nil-array]");
    f->session.version = RESP3;
    assert_reply(f, "ZPERCENTILE board 83", "[[\"eve\", 30]]");
    assert_reply(f, "ZPERCENTILE absent 50", "[nil]");
}

static void percentiles_are_checked(void **state) {
    struct command_fixture *f = *state;
    static const char *const bad[] = {"-0.1", "100.1", "nan", "x", "inf"};
    char line[64], error[80];
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        snprintf(line, sizeof(line), "ZPERCENTILE board 50 %s", bad[i]);
        snprintf(error, sizeof(error), "-ERR percentile '%s' is not a number from 0 to 100",
                 bad[i]);
        assert_reply(f, line, error);
    }
    assert_reply(f, "ZPERCENTILE s 50", WRONG_TYPE);
    assert_reply(f, "ZPERCENTRANK s x", WRONG_TYPE);
}

static void a_percent_rank_counts_equals(void **state) {
    struct command_fixture *f = *state;
    fixture_run(f, "ZADD four 1 a 2 b 2 c 3 d");
    assert_reply(f, "ZPERCENTRANK four a", "\"25\"");
    assert_reply(f, "ZPERCENTRANK four b", "\"75\"");
    assert_reply(f, "ZPERCENTRANK four c", "\"75\"");
    assert_reply(f, "ZPERCENTRANK four d", "\"100\"");
    assert_reply(f, "ZPERCENTRANK four absent", "nil");
    assert_reply(f, "ZPERCENTRANK absent a", "nil");
    f->session.version = RESP3;
    assert_reply(f, "ZPERCENTRANK four a", "25");
}

/* Whatever rounding does to the percents, and for whole percents of any number of members. */
static void percents_lead_back_to_the_score(void **state) {
    enum { MOST = 230 };
    struct command_fixture *f = *state;
    char line[128], expected[128];
    fixture_run(f, "DEL z");
    for (int len = 1; len <= MOST; len++) {
        snprintf(line, sizeof(line), "ZADD z %d m%d", len, len);
        fixture_run(f, line);
        for (int i = 1; i <= len; i += 1 + len / 20) {
            snprintf(line, sizeof(line), "ZPERCENTRANK z m%d", i);
            double percent = strtod(fixture_run(f, line) + 1, NULL);
            snprintf(line, sizeof(line), "ZPERCENTILE z %.17g", percent);
            snprintf(expected, sizeof(expected), "[[\"m%d\", \"%d\"]]", i, i);
            assert_reply(f, line, expected);
        }
        for (int percent = 1; percent <= 100; percent += 3) {
            int rank = (percent * len + 99) / 100;
            snprintf(line, sizeof(line), "ZPERCENTILE z %d", percent);
            snprintf(expected, sizeof(expected), "[[\"m%d\", \"%d\"]]", rank, rank);
            assert_reply(f, line, expected);
        }
    }
}

/* --- capped boards --- */

static void a_capped_board_keeps_the_highest(void **state) {
    struct command_fixture *f = *state;
    assert_reply(f, "ZADD top MAXLEN 2 1 a 2 b", "2");
    assert_events(f, "0:zadd:top");
    assert_reply(f, "ZADD top MAXLEN 2 3 c", "1");
    assert_events(f, "0:zadd:top 0:zremrangebyrank:top");
    assert_reply(f, "ZRANGE top 0 -1", "[\"b\", \"c\"]");
    assert_reply(f, "ZADD top MAXLEN 2 KEEP HIGHEST 0 low", "1");
    assert_reply(f, "ZRANGE top 0 -1", "[\"b\", \"c\"]");
    assert_reply(f, "ZADD top MAXLEN 2 INCR 5 d", "\"5\"");
    assert_reply(f, "ZRANGE top 0 -1", "[\"c\", \"d\"]");
}

static void a_capped_board_may_keep_the_lowest(void **state) {
    struct command_fixture *f = *state;
    assert_reply(f, "ZADD laps maxlen 2 keep lowest 61.5 a 60 b 62 c", "3");
    assert_reply(f, "ZRANGE laps 0 -1", "[\"b\", \"a\"]");
    assert_reply(f, "ZADD laps NX MAXLEN 1 KEEP LOWEST CH 70 a", "0");
    assert_reply(f, "ZRANGE laps 0 -1", "[\"b\"]");
}

static void cutting_without_a_change_tells_only_of_the_cut(void **state) {
    struct command_fixture *f = *state;
    assert_reply(f, "ZADD board XX MAXLEN 4 1 absent", "0");
    assert_events(f, "0:zremrangebyrank:board");
    assert_reply(f, "ZRANGE board 0 -1", "[\"cat\", \"dan\", \"eve\", \"fay\"]");
    assert_reply(f, "ZADD absent XX MAXLEN 4 1 m", "0");
    assert_events(f, "");
}

static void the_cap_is_checked(void **state) {
    struct command_fixture *f = *state;
    static const char error[] = "-ERR MAXLEN must be a number of members, 1 or more";
    assert_reply(f, "ZADD z MAXLEN 0 1 a", error);
    assert_reply(f, "ZADD z MAXLEN -1 1 a", error);
    assert_reply(f, "ZADD z MAXLEN 1.5 1 a", error);
    assert_reply(f, "ZADD z NX CH MAXLEN", "-ERR MAXLEN needs a number of members");
    assert_reply(f, "ZADD z MAXLEN 2 KEEP BEST 1 a",
                 "-ERR KEEP must be followed by HIGHEST or LOWEST");
    assert_reply(f, "ZADD z MAXLEN 2 KEEP", "-ERR KEEP must be followed by HIGHEST or LOWEST");
    assert_reply(f, "EXISTS z", "0");
}

/* --- exact scores --- */

static void exact_scores_go_beyond_doubles(void **state) {
    struct command_fixture *f = *state;
    assert_reply(f, "ZADD x INT64 9007199254740993 a 9007199254740992 b", "2");
    assert_reply(f, "OBJECT ENCODING x", "\"skiplist-int64\"");
    assert_reply(f, "ZRANGE x 0 -1 WITHSCORES",
                 "[\"b\", \"9007199254740992\", \"a\", \"9007199254740993\"]");
    assert_reply(f, "ZADD x int64 9007199254740993 c", "1");
    assert_reply(f, "ZRANK x c DENSE", "1");
    assert_reply(f, "ZRANK x c COMPETITION", "1");
    assert_reply(f, "ZCOUNT x (9007199254740992 +inf", "2");
    assert_reply(f, "ZPERCENTILE x 100", "[[\"c\", \"9007199254740993\"]]");
    assert_reply(f, "ZAROUND x b 0 WITHSCORES", "[\"b\", \"9007199254740992\"]");
    f->session.version = RESP3;
    assert_reply(f, "ZSCORE x a", "9007199254740993");
    assert_reply(f, "ZRANGE x 0 0 WITHSCORES WITHRANKS", "[[\"b\", 9007199254740992, 0]]");
}

static void increments_of_exact_scores_are_exact(void **state) {
    struct command_fixture *f = *state;
    fixture_run(f, "ZADD x INT64 9223372036854775806 a -9223372036854775808 b");
    assert_reply(f, "ZINCRBY x 1 a", "\"9223372036854775807\"");
    assert_reply(f, "ZINCRBY x 1 a", "-ERR increment or decrement would overflow");
    assert_reply(f, "ZINCRBY x -1 b", "-ERR increment or decrement would overflow");
    assert_reply(f, "ZINCRBY x 0.5 b", NOT_INTEGER);
    assert_reply(f, "ZADD x INT64 INCR 7 b", "\"-9223372036854775801\"");
    assert_reply(f, "ZSCORE x a", "\"9223372036854775807\"");
}

static void many_may_have_the_highest_score_there_is(void **state) {
    struct command_fixture *f = *state;
    char line[64];
    for (int i = 0; i < 40; i++) {
        snprintf(line, sizeof(line), "ZADD x INT64 9223372036854775807 m%d", i);
        fixture_run(f, line);
    }
    fixture_run(f, "ZADD x INT64 -9223372036854775808 low");
    assert_reply(f, "ZREVRANK x low DENSE", "1");
    assert_reply(f, "ZREVRANK x low COMPETITION", "40");
    assert_reply(f, "ZRANK x m7 DENSE", "1");
    assert_reply(f, "ZPERCENTRANK x m7", "\"100\"");
}

static void exact_sets_refuse_what_is_not_theirs(void **state) {
    struct command_fixture *f = *state;
    assert_reply(f, "ZADD x INT64 1.5 a", NOT_INTEGER);
    assert_reply(f, "ZADD x INT64 1 a inf b", NOT_INTEGER);
    assert_reply(f, "ZADD x INT64 9223372036854775808 a", NOT_INTEGER);
    assert_reply(f, "EXISTS x", "0");
    assert_reply(f, "ZADD board INT64 1 a",
                 "-ERR INT64 is not for this sorted set: its scores are floating-point numbers");
    assert_reply(f, "ZADD s INT64 1 a", WRONG_TYPE);
    fixture_run(f, "ZADD x INT64 1 a");
    assert_reply(f, "ZADD x 1.5 a", NOT_INTEGER);
    assert_reply(f, "ZADD x 2 a", "0");
    assert_reply(f, "ZSCORE x a", "\"2\"");
}

#define BOTH(test)                                                                                 \
    cmocka_unit_test_setup_teardown(test, set_up_packed, tear_down),                               \
        cmocka_unit_test_setup_teardown(test, set_up_table, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        BOTH(ties_share_a_competition_rank),
        BOTH(a_dense_rank_counts_scores),
        BOTH(options_of_ranks_are_checked),
        BOTH(shared_ranks_are_those_of_a_naive_count),
        BOTH(dense_ranks_stay_right_whatever_changes),
        BOTH(neighbours_stand_on_either_side),
        BOTH(neighbours_come_with_scores_and_ranks),
        BOTH(what_zaround_is_given_is_checked),
        BOTH(zrange_tells_ranks),
        BOTH(percentiles_are_of_the_nearest_rank),
        BOTH(percentiles_are_checked),
        BOTH(a_percent_rank_counts_equals),
        BOTH(percents_lead_back_to_the_score),
        BOTH(a_capped_board_keeps_the_highest),
        BOTH(a_capped_board_may_keep_the_lowest),
        BOTH(cutting_without_a_change_tells_only_of_the_cut),
        BOTH(the_cap_is_checked),
        BOTH(exact_scores_go_beyond_doubles),
        BOTH(increments_of_exact_scores_are_exact),
        BOTH(many_may_have_the_highest_score_there_is),
        BOTH(exact_sets_refuse_what_is_not_theirs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
