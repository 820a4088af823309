package io.tailrace.broker.http;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What HTTP clients get who take more than their share. */
class HttpListenerTest {
  private static final int LIMIT = 200;
  private static final int PATIENCE_MS = 30_000;

  private final EventLoopGroup loops =
      new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
  private final HttpListener listener =
      new HttpListener(
          loops,
          NioServerSocketChannel.class,
          Runnable::run,
          Map.of("/health", () -> HttpPage.text(200, "well\n")),
          600_000);
  private final List<Socket> sockets = new ArrayList<>();
  private int port;

  @BeforeEach
  void start() throws IOException {
    port = listener.start(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0)).getPort();
  }

  @AfterEach
  void stop() throws IOException {
    for (Socket socket : sockets) {
      socket.close();
    }
    listener.stop();
    loops.shutdownGracefully(0, 5, TimeUnit.SECONDS).awaitUninterruptibly();
  }

  private Socket connect() throws IOException {
    Socket socket = new Socket(InetAddress.getLoopbackAddress(), port);
    socket.setSoTimeout(PATIENCE_MS);
    sockets.add(socket);
    return socket;
  }

  /** The first line of the answer; empty when the connection is closed instead. */
  private static String ask(Socket socket) throws IOException {
    try {
      socket.getOutputStream().write("GET /health HTTP/1.1\r\nHost: x\r\n\r\n".getBytes(US_ASCII));
      StringBuilder line = new StringBuilder();
      for (int c = socket.getInputStream().read(); c > '\r'; c = socket.getInputStream().read()) {
        line.append((char) c);
      }
      return line.toString();
    } catch (IOException e) {
      return ""; // reset, because the request met a closed socket
    }
  }

  @Test
  void closesMoreConnectionsThanItsLimitAndServesThoseThatItHas() throws IOException {
    for (int i = 0; i < LIMIT; i++) {
      assertEquals("HTTP/1.1 200 OK", ask(connect()), "connection " + i);
    }

    assertEquals("", ask(connect()));
    assertEquals("", ask(connect()));
    assertEquals(2, listener.refusedCount());

    sockets.get(0).close();
    long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(PATIENCE_MS);
    String answer = "";
    while (answer.isEmpty()) {
      assertTrue(System.nanoTime() < deadline, "nobody takes the place that is free");
      answer = ask(connect());
    }
    assertEquals("HTTP/1.1 200 OK", answer);
  }
}
