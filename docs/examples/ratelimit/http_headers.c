/* A CGI program that limits each address and says so in the RateLimit header fields.
 * Build: gcc http_headers.c -lhiredis */
#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>

enum { ALLOWED = 0, FIRST_HEADER = 8, HEADERS = 3 };

static const char *const names[HEADERS] = {"RateLimit-Policy", "RateLimit", "Retry-After"};

static int answer(const redisReply *reply) {
    if (reply == NULL || reply->type != REDIS_REPLY_ARRAY) {
        printf("Status: 503 Service Unavailable\r\n\r\n");
        return 1;
    }
    int is_allowed = reply->element[ALLOWED]->integer == 1;
    printf("Status: %s\r\n", is_allowed ? "200 OK" : "429 Too Many Requests");
    for (int i = 0; i < HEADERS; i++) {
        const redisReply *value = reply->element[FIRST_HEADER + i];
        if (value->type == REDIS_REPLY_STRING) printf("%s: %s\r\n", names[i], value->str);
    }
    printf("\r\n%s\n", is_allowed ? "hello" : "too many requests");
    return 0;
}

int main(void) {
    const char *port = getenv("SKUA_PORT"), *address = getenv("REMOTE_ADDR");
    redisContext *skua = redisConnect("127.0.0.1", port != NULL ? atoi(port) : 6379);
    redisReply *reply = NULL;
    if (skua != NULL && skua->err == 0) /* 5 at once, 1 a second */
        reply = redisCommand(skua, "RL.TAKE ip:%s BUCKET 5 1 1000 HEADERS",
                             address != NULL ? address : "unknown");
    int status = answer(reply);
    freeReplyObject(reply);
    redisFree(skua);
    return status;
}
