#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <string.h>
#include <sys/types.h>
#include <sys/socket.h>
#include <arpa/inet.h>
#include <netinet/in.h>

#define MAX_BUFFER_SIZE 512

int main() {
    // Declare variables
    int hSocket, read_size;
    struct sockaddr_in servaddr;
    char request[MAX_BUFFER_SIZE] = {0};
    char reply[MAX_BUFFER_SIZE] = {0};

    // Creating socket file descriptor
    if ( (hSocket = socket(AF_INET, SOCK_DGRAM, 0)) < 0 ) {
        perror("socket creation failed");
        exit(EXIT_FAILURE);
    }

    memset(&servaddr, 0, sizeof(servaddr));

    // Filling server information
    servaddr.sin_family = AF_INET;
    servaddr.sin_port = htons(10055);
    servaddr.sin_addr.s_addr = inet_addr("dnsenum.linkmobility.co.uk");

    // Create request
    strcpy(request, "{\"clientid\":\"client_ID_from_LINK_Support\",\"password\":\"password_from_LINK_Support \",\"tel\":\"tel_number\",\"lookup\":\"mnp\"}");

    // Send request
    printf("Request: %s\n", request);
    sendto(hSocket, (const char *)request, strlen(request), 0, (const struct sockaddr *) &servaddr,
sizeof(servaddr));

    // Receive response
    read_size = recv(hSocket, (char *)reply, MAX_BUFFER_SIZE, 0);
    reply[read_size] = '\0';

    printf("Response : %s\n", reply);

    close(hSocket);
    return 0;
}
