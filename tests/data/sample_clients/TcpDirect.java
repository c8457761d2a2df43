import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.net.Socket;
import java.net.SocketException;
import java.net.UnknownHostException;
import java.io.IOException;
import java.util.logging.Level;
import java.util.logging.Logger;

public class TcpDirect {
public static void main(String[] args) {
    String host = "dnsenum.linkmobility.co.uk";
    int port = 10054;
    String resp = "";
    String totalresp = "";

    try (Socket socket = new Socket(host, port)) {
        OutputStream output = socket.getOutputStream();
        PrintWriter writer = new PrintWriter(output, true);

        String request = "{\"clientid\":\"clientid from LINK Support\",\"password\":\"password from LINK Support\",\"tel\":\"telephone number\",\"lookup\":\"lookup type (optional)\"}";

        writer.println(request);

        BufferedReader bufreader = new BufferedReader(new
InputStreamReader(socket.getInputStream()));

        while (resp != null && resp.equals("bye") == false) {
            resp = bufreader.readLine();

            if (resp != null) {
                totalresp += resp;
            }
        }

        System.out.println("Data: " + totalresp);

        bufreader.close();
        writer.close();
        output.close();
        socket.close();
    } catch (UnknownHostException ex) {
        Logger.getLogger(TcpDirect.class.getName()).log(Level.SEVERE, null, ex);
    } catch (SocketException ex) {
        Logger.getLogger(TcpDirect.class.getName()).log(Level.SEVERE, null, ex);
    } catch (IOException ex) {
        Logger.getLogger(TcpDirect.class.getName()).log(Level.SEVERE, null, ex);
    }
}
}
