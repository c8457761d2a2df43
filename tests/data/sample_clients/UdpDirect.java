import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.SocketException;
import java.net.UnknownHostException;
import java.io.IOException;
import java.util.logging.Level;
import java.util.logging.Logger;

public class UdpDirect {
public static void main(String[] args) {
    try {
        String host = "dnsenum.linkmobility.co.uk";
        int port = 10055;

        DatagramSocket clientSocket = new DatagramSocket();

        InetAddress address = InetAddress.getByName(host);

        byte[] sendData = new byte[1024];
        byte[] receiveData = new byte[1024];

        String request = "{\"clientid\":\"clientid from LINK Support\",\"password\":\"password from LINK Support\",\"tel\":\"telephone number\",\"lookup\":\"lookup type (optional)\"}";

        sendData = request.getBytes();

        DatagramPacket sendPacket = new DatagramPacket(request.getBytes(),
                                                        request.getBytes().length,
                                                        address,
                                                        port);

        clientSocket.send(sendPacket);

        DatagramPacket receivePacket = new DatagramPacket(receiveData, receiveData.length);

        clientSocket.receive(receivePacket);

        String resp = new String(receivePacket.getData());

        System.out.println("Received " + resp.replace("\n", ""));

        clientSocket.close();
    } catch (UnknownHostException ex) {
        Logger.getLogger(UdpDirect.class.getName()).log(Level.SEVERE, null, ex);
    } catch (SocketException ex) {
        Logger.getLogger(UdpDirect.class.getName()).log(Level.SEVERE, null, ex);
    } catch (IOException ex) {
        Logger.getLogger(UdpDirect.class.getName()).log(Level.SEVERE, null, ex);
    }
}
}
