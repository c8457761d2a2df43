#include <sys/socket.h>
#include <sys/types.h>
#include <netinet/in.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <stdlib.h>
#include <unistd.h>
#include <errno.h>
#include <arpa/inet.h>

#define MAX_BUFFER_SIZE 512

// socketCreate: Create a socket for server communication
short socketCreate(void) {
    short hSocket;
    printf("Create the socket\n");
    hSocket = socket(AF_INET, SOCK_STREAM, 0);
    return hSocket;
}

// socketConnect: Connect with server
int socketConnect(int hSocket) {
    int iRetval=-1;
    int ServerPort = 10054;    // Port
    struct sockaddr_in remote= {0};
    remote.sin_addr.s_addr = inet_addr("dnsenum.linkmobility.co.uk");    // Host
    remote.sin_family = AF_INET;
    remote.sin_port = htons(ServerPort);
    iRetval = connect(hSocket, (struct sockaddr *)&remote, sizeof(struct sockaddr_in));
    return iRetval;
}

// socketSend: Send the data to the server and set the timeout of 20 seconds
int socketSend(int hSocket,char* Rqst,short lenRqst) {
    int shortRetval = -1;
    struct timeval tv;
    tv.tv_sec = 20;    // 20 Secs Timeout
    tv.tv_usec = 0;

    if(setsockopt(hSocket, SOL_SOCKET, SO_SNDTIMEO, (char *)&tv,sizeof(tv)) < 0) {
        printf("Time Out\n");
        return -1;
    }

    shortRetval = send(hSocket, Rqst, lenRqst, 0);
    return shortRetval;
}

// socketReceive: Receive the data from the server
int socketReceive(int hSocket,char* Rsp,short RvcSize) {
    int shortRetval = -1;
    struct timeval tv;
    tv.tv_sec = 20;    // 20 Secs Timeout
    tv.tv_usec = 0;

    // Set socket options
    if(setsockopt(hSocket, SOL_SOCKET, SO_RCVTIMEO, (char *)&tv,sizeof(tv)) < 0) {
        printf("Time Out\n");
        return -1;
    }

    shortRetval = recv(hSocket, Rsp, RvcSize, 0);    // Receive socket data
    Rsp[shortRetval] = '\0';    // Ensure null terminate response

    return shortRetval;
}

int main() {
    // Declare variables
int hSocket, read_size;
struct sockaddr_in server;
char request[MAX_BUFFER_SIZE] = {0};
char reply[MAX_BUFFER_SIZE] = {0};

// Create socket
hSocket = socketCreate();
if(hSocket == -1) {
    printf("Unable to create socket\n");
    return 1;
}

// Connect to server
if (socketConnect(hSocket) < 0) {
    perror("Unable to connect to socket\n");
    return 1;
}

// Create request
strcpy(request, "{\"clientid\":\"client_ID_from_LINK_Support\",\"password\":\"password_from_LINK_Support \",\"tel\":\"tel_number\",\"lookup\":\"mnp\"}");
printf("Request: %s\n", request);

//Send data to the server
socketSend(hSocket, request, strlen(request));

//Received the data from the server
read_size = socketReceive(hSocket, reply, MAX_BUFFER_SIZE);
printf("Response: %s\n", reply);

// Tidy up
close(hSocket);
shutdown(hSocket,0);
shutdown(hSocket,1);
shutdown(hSocket,2);
return 0;
}
