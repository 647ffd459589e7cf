// Answers every request with one page. PORT says where (8080).
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(void)
{
    static const char page[] = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\nhello from dema\n";
    const char *port = getenv("PORT");
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port ? (unsigned short)atoi(port) : 8080)};
    int on = 1, server = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(server, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(server, (struct sockaddr *)&at, sizeof at) < 0 || listen(server, 16) < 0) {
        perror("server");
        return 1;
    }
    printf("listening on %d as user %d\n", ntohs(at.sin_port), (int)getuid());
    fflush(stdout);
    for (;;) {
        char request[4096];
        int client = accept(server, NULL, NULL);
        if (client < 0)
            continue;
        if (read(client, request, sizeof request) > 0)
            (void)!write(client, page, strlen(page));
        close(client);
    }
}
