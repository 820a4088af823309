package io.tailrace.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tailrace.protocol.error.ErrorCode;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A client that cannot connect says why, for each address, and soon when nothing will help. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class ConnectFailureTest {
  private static final Duration FAR_LONGER_THAN_THE_TEST = Duration.ofHours(1);

  private static String failure(String bootstrap, Duration timeout) {
    TailraceException error =
        assertThrows(
            TailraceException.class,
            () -> TailraceClient.builder().bootstrap(bootstrap).connectTimeout(timeout).connect());
    assertEquals(ErrorCode.BROKER_NOT_AVAILABLE, error.code());
    return error.getMessage();
  }

  private static void assertContains(String text, String part) {
    assertTrue(text.contains(part), text);
  }

  @Test
  void tellsTheCauseForEachAddressWithoutWaitingForTheTimeout() throws IOException {
    int closed;
    try (ServerSocket socket = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
      closed = socket.getLocalPort();
    }
    String text =
        failure("no-such-host.invalid:7092,127.0.0.1:" + closed, FAR_LONGER_THAN_THE_TEST);
    assertContains(text, "'no-such-host.invalid' is not known");
    assertContains(text, "127.0.0.1:" + closed);
    assertContains(text, "Connection refused");
  }

  @Test
  void tellsThatAnotherProtocolIsSpokenThere() throws IOException {
    try (ServerSocket http = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
      CompletableFuture.runAsync(
          () -> {
            while (!http.isClosed()) {
              answerAsHttp(http);
            }
          });
      String text = failure("127.0.0.1:" + http.getLocalPort(), FAR_LONGER_THAN_THE_TEST);
      assertContains(text, "no Tailrace broker");
    }
  }

  private static void answerAsHttp(ServerSocket http) {
    try (Socket accepted = http.accept()) {
      accepted
          .getOutputStream()
          .write("HTTP/1.1 400 Bad Request\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
      accepted.shutdownOutput();
      accepted.getInputStream().readAllBytes();
    } catch (IOException e) {
      // The test is over, or the client was quicker to close.
    }
  }
}
