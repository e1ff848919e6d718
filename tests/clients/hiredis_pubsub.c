/* Subscribes with hiredis, listens with and without a timeout, and publishes beside it; exits 0 when
 * every reply is as it should be, else with a line that names the first wrong one. */
#include <hiredis/hiredis.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static redisContext *connect_to(int port) {
    redisContext *server = redisConnect("127.0.0.1", port);
    if (server != NULL && server->err == 0) return server;
    fprintf(stderr, "connect: %s\n", server == NULL ? "no memory" : server->errstr);
    exit(1);
}

static void set_timeout(redisContext *server, int ms) {
    struct timeval limit = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};
    if (redisSetTimeout(server, limit) == REDIS_OK) return;
    fprintf(stderr, "timeout: %s\n", server->errstr);
    exit(1);
}

/* The reply's elements in a row, separated by spaces. */
static void expect(const char *what, redisReply *reply, const char *wanted) {
    char text[256] = "";
    size_t count = reply == NULL ? 0 : reply->type == REDIS_REPLY_ARRAY ? reply->elements : 1;
    for (size_t i = 0; i < count; i++) {
        const redisReply *one = reply->type == REDIS_REPLY_ARRAY ? reply->element[i] : reply;
        size_t len = strlen(text);
        if (one->type == REDIS_REPLY_INTEGER)
            snprintf(text + len, sizeof(text) - len, " %lld", one->integer);
        else
            snprintf(text + len, sizeof(text) - len, " %s", one->str == NULL ? "nil" : one->str);
    }
    freeReplyObject(reply);
    if (text[0] != '\0' && strcmp(text + 1, wanted) == 0) return;
    fprintf(stderr, "%s:%s\n", what, text);
    exit(1);
}

static redisReply *next(redisContext *server) {
    void *reply = NULL;
    return redisGetReply(server, &reply) == REDIS_OK ? reply : NULL;
}

static void time_out(redisContext *server) {
    void *reply = NULL;
    set_timeout(server, 50);
    if (redisGetReply(server, &reply) == REDIS_ERR && server->err == REDIS_ERR_IO) return;
    fprintf(stderr, "a quiet channel does not time out\n");
    exit(1);
}

int main(int argc, char **argv) {
    int port = argc > 1 ? (int)strtol(argv[1], NULL, 10) : 6379;
    redisContext *listener = connect_to(port), *speaker = connect_to(port);
    set_timeout(listener, 20000);

    expect("subscribe", redisCommand(listener, "SUBSCRIBE %s %s", "c.news", "c.sport"),
           "subscribe c.news 1");
    expect("second confirmation", next(listener), "subscribe c.sport 2");
    expect("psubscribe", redisCommand(listener, "PSUBSCRIBE c.n*"), "psubscribe c.n* 3");
    expect("ping", redisCommand(listener, "PING %s", "here"), "pong here");

    for (int i = 0; i < 1000; i++) redisAppendCommand(speaker, "PUBLISH c.news %d", i);
    for (int i = 0; i < 1000; i++) expect("publish", next(speaker), "2");
    for (int i = 0; i < 1000; i++) {
        char wanted[64];
        snprintf(wanted, sizeof(wanted), "message c.news %d", i);
        expect("message", next(listener), wanted);
        snprintf(wanted, sizeof(wanted), "pmessage c.n* c.news %d", i);
        expect("pattern's message", next(listener), wanted);
    }

    expect("unsubscribe", redisCommand(listener, "UNSUBSCRIBE c.news"), "unsubscribe c.news 2");
    expect("reset", redisCommand(listener, "RESET"), "RESET");
    expect("command after reset", redisCommand(listener, "EXISTS c.none"), "0");

    expect("subscribe again", redisCommand(listener, "SUBSCRIBE c.quiet"), "subscribe c.quiet 1");
    time_out(listener);
    redisFree(listener);
    redisFree(speaker);
    return 0;
}
