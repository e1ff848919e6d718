/* Socket addresses as text and what the server asks about them. */
#ifndef IO_ADDRESS_H
#define IO_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>

struct sockaddr;

/* Room for any formatted address with its NUL. */
enum { ADDRESS_TEXT_MAX = 160 };

/* "127.0.0.1:6379", "[::1]:6379", "/path/of/socket:0" ("unknown:0" when it has no form); returns
 * the length without the NUL it writes. `out` has ADDRESS_TEXT_MAX. */
size_t address_format(const struct sockaddr *address, char *out);
/* The far and the near end of a socket, in the same forms; "?:0" when it is not connected. For a
 * Unix socket both give the path the listener is bound to. */
size_t address_format_peer(int fd, char *out);
size_t address_format_local(int fd, char *out);

/* True for 127.0.0.0/8, ::1 (and IPv4 within IPv6) and Unix sockets. */
bool address_is_local(const struct sockaddr *address);

#endif
