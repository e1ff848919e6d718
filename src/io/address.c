/* Addresses as text: what the system calls give, in the one form users see. */
#include "io/address.h"

#include "foundation/bytes.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>

union any_address {
    struct sockaddr any;
    struct sockaddr_in ipv4;
    struct sockaddr_in6 ipv6;
    struct sockaddr_un unix_path;
    struct sockaddr_storage storage;
};

static size_t write_text(char *out, const char *text) {
    return (size_t)snprintf(out, ADDRESS_TEXT_MAX, "%s", text);
}

static size_t format_ipv4(const struct sockaddr *address, char *out) {
    struct sockaddr_in ipv4;
    char host[INET_ADDRSTRLEN];
    memcpy(&ipv4, address, sizeof ipv4);
    inet_ntop(AF_INET, &ipv4.sin_addr, host, sizeof host);
    return (size_t)snprintf(out, ADDRESS_TEXT_MAX, "%s:%d", host, ntohs(ipv4.sin_port));
}

static size_t format_ipv6(const struct sockaddr *address, char *out) {
    struct sockaddr_in6 ipv6;
    char host[INET6_ADDRSTRLEN];
    memcpy(&ipv6, address, sizeof ipv6);
    inet_ntop(AF_INET6, &ipv6.sin6_addr, host, sizeof host);
    return (size_t)snprintf(out, ADDRESS_TEXT_MAX, "[%s]:%d", host, ntohs(ipv6.sin6_port));
}

static size_t format_unix(const struct sockaddr *address, char *out) {
    const struct sockaddr_un *unix_path = (const struct sockaddr_un *)address;
    const char *path = unix_path->sun_path;
    if (path[0] == '\0') return write_text(out, "unknown:0");
    int len = (int)strnlen(path, sizeof unix_path->sun_path);
    return (size_t)snprintf(out, ADDRESS_TEXT_MAX, "%.*s:0", len, path);
}

size_t address_format(const struct sockaddr *address, char *out) {
    switch (address->sa_family) {
    case AF_INET: return format_ipv4(address, out);
    case AF_INET6: return format_ipv6(address, out);
    case AF_UNIX: return format_unix(address, out);
    default: return write_text(out, "unknown:0");
    }
}

size_t address_format_local(int fd, char *out) {
    union any_address address = {0};
    socklen_t len = sizeof address;
    if (getsockname(fd, &address.any, &len) != 0) return write_text(out, "?:0");
    return address_format(&address.any, out);
}

size_t address_format_peer(int fd, char *out) {
    union any_address address = {0};
    socklen_t len = sizeof address;
    if (getpeername(fd, &address.any, &len) != 0) return write_text(out, "?:0");
    if (address.any.sa_family == AF_UNIX) return address_format_local(fd, out);
    return address_format(&address.any, out);
}

static bool is_local_ipv6(const struct in6_addr *ip) {
    if (IN6_IS_ADDR_LOOPBACK(ip)) return true;
    return IN6_IS_ADDR_V4MAPPED(ip) && ip->s6_addr[12] == 127;
}

bool address_is_local(const struct sockaddr *address) {
    struct sockaddr_in ipv4;
    struct sockaddr_in6 ipv6;
    switch (address->sa_family) {
    case AF_INET:
        memcpy(&ipv4, address, sizeof ipv4);
        return ntohl(ipv4.sin_addr.s_addr) >> 24 == 127;
    case AF_INET6: memcpy(&ipv6, address, sizeof ipv6); return is_local_ipv6(&ipv6.sin6_addr);
    default: return address->sa_family == AF_UNIX;
    }
}
