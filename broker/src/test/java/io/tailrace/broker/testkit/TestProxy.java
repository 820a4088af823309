package io.tailrace.broker.testkit;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * A TCP proxy with an address of its own, so that a broker behind it may restart on any free port.
 * Thread-safe.
 *
 * <p>The broker advertises the proxy's address; {@link #forwardTo} says where the broker is now.
 */
public final class TestProxy implements AutoCloseable {
  private final ServerSocket listener;
  private final Set<Socket> open = ConcurrentHashMap.newKeySet();
  private volatile InetSocketAddress target;

  public TestProxy() {
    try {
      listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    start("proxy-accept", this::accept);
  }

  /** What clients connect to, and what the broker advertises. */
  public String address() {
    return "127.0.0.1:" + listener.getLocalPort();
  }

  /** New connections go there; open ones are cut. */
  public void forwardTo(String hostPort) {
    int colon = hostPort.lastIndexOf(':');
    target =
        new InetSocketAddress(
            hostPort.substring(0, colon), Integer.parseInt(hostPort.substring(colon + 1)));
    cut();
  }

  /** Cuts every open connection. */
  public void cut() {
    open.forEach(TestProxy::closeQuietly);
  }

  private void accept() {
    while (!listener.isClosed()) {
      try {
        Socket client = listener.accept();
        start("proxy-connection", () -> connect(client));
      } catch (IOException e) {
        return; // the listener was closed
      }
    }
  }

  private void connect(Socket client) {
    open.add(client);
    Socket broker = new Socket();
    open.add(broker);
    try {
      client.setTcpNoDelay(true);
      broker.setTcpNoDelay(true);
      InetSocketAddress now = target;
      if (now == null) {
        throw new IOException("no broker yet");
      }
      broker.connect(now);
      start("proxy-back", () -> copy(broker, client));
      copy(client, broker);
    } catch (IOException e) {
      closeQuietly(client);
      closeQuietly(broker);
    }
  }

  private void copy(Socket from, Socket to) {
    try {
      InputStream in = from.getInputStream();
      OutputStream out = to.getOutputStream();
      in.transferTo(out);
    } catch (IOException e) {
      // Either side is gone; both are closed below.
    } finally {
      closeQuietly(from);
      closeQuietly(to);
      open.remove(from);
      open.remove(to);
    }
  }

  private static void start(String name, Runnable task) {
    Thread thread = new Thread(task, name);
    thread.setDaemon(true);
    thread.start();
  }

  private static void closeQuietly(Socket socket) {
    try {
      socket.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() {
    try {
      listener.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    cut();
  }
}
