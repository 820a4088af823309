package io.tailrace.benchmarks.compare;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.concurrent.TimeUnit;

/**
 * The highest rate of one TCP connection on this machine: no broker can be faster, so a figure
 * above it is a fault of the measurement. Stateless.
 */
final class Loopback {
  private static final int CHUNK_BYTES = 256 * 1024;
  private static final long LENGTH_NS = TimeUnit.SECONDS.toNanos(2);

  private Loopback() {}

  /** Sends for two seconds. */
  static double mebibytesPerSecond() {
    try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        Socket sending = new Socket(InetAddress.getLoopbackAddress(), server.getLocalPort());
        Socket receiving = server.accept()) {
      Thread sender = new Thread(() -> sendForAWhile(sending), "loopback-sender");
      sender.start();
      byte[] chunk = new byte[CHUNK_BYTES];
      InputStream in = receiving.getInputStream();
      long start = System.nanoTime();
      long bytes = 0;
      for (int n = in.read(chunk); n >= 0; n = in.read(chunk)) {
        bytes += n;
      }
      return bytes * 1e9 / (System.nanoTime() - start) / (1 << 20);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void sendForAWhile(Socket socket) {
    byte[] chunk = new byte[CHUNK_BYTES];
    long start = System.nanoTime();
    try (OutputStream out = socket.getOutputStream()) {
      while (System.nanoTime() - start < LENGTH_NS) {
        out.write(chunk);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
