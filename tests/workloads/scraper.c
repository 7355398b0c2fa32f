/* Scrapes an exporter again and again and writes a line for each state of its metrics: what differs from the line before.
 *
 *   scraper PORT EVERY_MS PASS IGNORED PREFIX...
 *
 * Only lines with one of the prefixes count, and of those one that contains IGNORED is kept but does not make a new state. "passes" counts
 * how often the line that begins with PASS has changed. A state became visible between "since_ns" (when the last scrape without it was begun) and "until_ns" (when the first one with it was complete);
 * both are of CLOCK_MONOTONIC. Ends with its parent or by a signal. */
#define _GNU_SOURCE
#include "workload.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MOST = 4 << 20 };

/* The body of the answer, or NULL: who does not answer may be about to. */
static char *get(uint16_t port)
{
    static char text[MOST];
    int connection = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    static const char request[] = "GET /metrics HTTP/1.0\r\nHost: localhost\r\n\r\n";
    size_t length = 0;
    if (connect(connection, (struct sockaddr *)&address, sizeof address) == 0 && write(connection, request, sizeof request - 1) > 0) {
        for (ssize_t got; length < MOST - 1 && (got = read(connection, text + length, MOST - 1 - length)) > 0;) {
            length += got;
        }
    }
    close(connection);
    text[length] = '\0';
    if (strncmp(text, "HTTP/1.1 200", 12) != 0 && strncmp(text, "HTTP/1.0 200", 12) != 0) {
        return NULL;
    }
    char *body = strstr(text, "\r\n\r\n");
    return body == NULL ? NULL : body + 4;
}

static void print_escaped(const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '\n') {
            fputs("\\n", stdout);
        } else {
            if (*text == '"' || *text == '\\') {
                putchar('\\');
            }
            putchar(*text);
        }
    }
}

int main(int argc, char **argv)
{
    if (argc < 6) {
        usage_error("PORT EVERY_MS PASS IGNORED PREFIX...");
    }
    uint16_t port = (uint16_t)parse_number("PORT", argv[1]);
    size_t every_ms = parse_number("EVERY_MS", argv[2]);
    bind_to_parent();
    static char kept[MOST], telling[MOST], last[MOST], last_pass[256];
    uint64_t since = monotonic_ns(), scrapes = 0, passes = 0;
    do {
        uint64_t begin = monotonic_ns();
        char *body = get(port);
        if (body == NULL) {
            continue;
        }
        scrapes++;
        uint64_t until = monotonic_ns();
        size_t length = 0, told = 0;
        for (char *line = body, *end; (end = strchr(line, '\n')) != NULL; line = end + 1) {
            bool wanted = false;
            for (int i = 5; i < argc; i++) {
                wanted |= strncmp(line, argv[i], strlen(argv[i])) == 0;
            }
            if (!wanted) {
                continue;
            }
            *end = '\0';
            size_t size = end - line;
            if (strncmp(line, argv[3], strlen(argv[3])) == 0 && strcmp(line, last_pass) != 0) {
                snprintf(last_pass, sizeof last_pass, "%s", line);
                passes++;
            }
            memcpy(kept + length, line, size);
            kept[length + size] = '\n';
            length += size + 1;
            if (strstr(line, argv[4]) == NULL) {
                memcpy(telling + told, line, size);
                told += size;
            }
        }
        kept[length] = telling[told] = '\0';
        if (strcmp(telling, last) != 0) {
            strcpy(last, telling);
            printf("{\"since_ns\":%" PRIu64 ",\"until_ns\":%" PRIu64 ",\"scrapes\":%" PRIu64 ",\"passes\":%" PRIu64 ",\"metrics\":\"", since, until, scrapes, passes);
            print_escaped(kept);
            putchar('"');
            putchar('}');
            end_line();
        }
        since = begin;
    } while (wait_input(every_ms * 1000, NULL, 0) != INPUT_END);
    return 0;
}
