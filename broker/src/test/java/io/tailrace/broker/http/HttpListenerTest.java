package io.tailrace.broker.http;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.tailrace.protocol.port.Clock;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

/** What HTTP clients get who take more than their share, and what is told of them. */
class HttpListenerTest {
  private static final int LIMIT = 200;
  private static final int PATIENCE_MS = 30_000;

  private final EventLoopGroup loops =
      new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
  private final List<Socket> sockets = new ArrayList<>();
  private final ListAppender<ILoggingEvent> written = new ListAppender<>();
  private HttpListener listener;
  private int port;

  @BeforeEach
  void listenToTheLog() {
    written.start();
    logger().addAppender(written);
  }

  private static Logger logger() {
    return (Logger) LoggerFactory.getLogger(HttpListener.class);
  }

  private void start(Executor executor, long timeoutMs) throws IOException {
    listener =
        new HttpListener(
            loops,
            NioServerSocketChannel.class,
            executor,
            Map.of("/health", () -> HttpPage.text(200, "well\n")),
            timeoutMs,
            200,
            Clock.SYSTEM);
    port = listener.start(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0)).getPort();
  }

  @AfterEach
  void stop() throws IOException {
    for (Socket socket : sockets) {
      socket.close();
    }
    listener.stop();
    logger().detachAppender(written);
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

  private static void awaitClosed(Socket socket) throws IOException {
    try {
      socket.getInputStream().transferTo(OutputStream.nullOutputStream());
    } catch (SocketException e) {
      return; // a reset is a close as well
    }
  }

  private void assertRefusedOnce(String kind) {
    assertEquals(1, listener.refusedCount());
    assertEquals(1, written.list.size(), written.list.toString());
    ILoggingEvent line = written.list.get(0);
    assertTrue(
        line.getFormattedMessage().startsWith("closed the HTTP connection of /127.0.0.1:"),
        line.getFormattedMessage());
    assertTrue(
        line.getFormattedMessage().endsWith("(" + kind + "); 1 so far"),
        line.getFormattedMessage());
    assertNull(line.getThrowableProxy());
  }

  @Test
  void countsAndWritesOfARequestThatDoesNotEnd() throws IOException {
    start(Runnable::run, 500);
    Socket socket = connect();
    socket.getOutputStream().write("GET /heal".getBytes(US_ASCII));
    awaitClosed(socket);
    assertRefusedOnce("request_timeout");
  }

  @Test
  void countsAndWritesOfASecondRequestThatDoesNotEnd() throws IOException {
    start(Runnable::run, 2_000);
    Socket socket = connect();
    assertEquals("HTTP/1.1 200 OK", ask(socket));
    socket.getOutputStream().write("GET /heal".getBytes(US_ASCII));
    awaitClosed(socket);
    assertRefusedOnce("request_timeout");
  }

  @Test
  void closesAnIdleConnectionThatHadItsAnswerWithoutBlame() throws IOException {
    start(Runnable::run, 500);
    Socket socket = connect();
    assertEquals("HTTP/1.1 200 OK", ask(socket));
    awaitClosed(socket);
    assertEquals(0, listener.refusedCount());
    assertEquals(List.of(), written.list);
  }

  @Test
  void countsAndWritesOfARequestThatDoesNotAwaitTheAnswerBefore() throws IOException {
    start(task -> {}, PATIENCE_MS);
    Socket socket = connect();
    socket.getOutputStream().write("GET /health HTTP/1.1\r\n\r\n".repeat(2).getBytes(US_ASCII));
    awaitClosed(socket);
    assertRefusedOnce("answer_not_awaited");
  }

  @Test
  void countsAndWritesOfWhatIsNotHttp() throws IOException {
    start(Runnable::run, PATIENCE_MS);
    Socket socket = connect();
    socket.getOutputStream().write("nonsense\r\n\r\n".getBytes(US_ASCII));
    awaitClosed(socket);
    assertRefusedOnce("invalid_request");
  }

  @Test
  void writesOneLineOfAThousandRefusals() throws IOException {
    start(Runnable::run, PATIENCE_MS);
    for (int i = 0; i < 1_000; i++) {
      try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
        socket.setSoTimeout(PATIENCE_MS);
        socket.getOutputStream().write("nonsense\r\n\r\n".getBytes(US_ASCII));
        awaitClosed(socket);
      }
    }
    assertEquals(1_000, listener.refusedCount());
    assertTrue(written.list.size() < 20, written.list.size() + " lines");
  }

  @Test
  void closesMoreConnectionsThanItsLimitAndServesThoseThatItHas() throws IOException {
    start(Runnable::run, 600_000);
    for (int i = 0; i < LIMIT; i++) {
      assertEquals("HTTP/1.1 200 OK", ask(connect()), "connection " + i);
    }

    assertEquals("", ask(connect()));
    assertEquals("", ask(connect()));
    assertEquals(2, listener.refusedCount());
    assertTrue(
        written.list.get(0).getFormattedMessage().endsWith("(too_many_connections); 1 so far"));

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
