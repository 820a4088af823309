package io.tailrace.benchmarks.endurance;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Opens connections and misbehaves on them: mutated frames, noise, frames that never end, requests
 * whose responses are not read, resets. A thread of its own; counters may be read by others.
 */
final class Attacker implements Runnable {
  private static final int HELD_CONNECTIONS = 40;

  private final InetSocketAddress broker;
  private final SplittableRandom random;
  private final FrameMutations frames;
  private final Deque<Socket> held = new ArrayDeque<>();
  private final AtomicLong connections = new AtomicLong();
  private final AtomicLong refusedConnections = new AtomicLong();
  private volatile boolean stopped;

  Attacker(InetSocketAddress broker, long seed) {
    this.broker = broker;
    this.random = new SplittableRandom(seed);
    this.frames = new FrameMutations(random.split());
  }

  long connections() {
    return connections.get();
  }

  /** Connections that the broker did not accept in time. */
  long refusedConnections() {
    return refusedConnections.get();
  }

  void stop() {
    stopped = true;
  }

  @Override
  public void run() {
    while (!stopped) {
      Socket socket = new Socket();
      try {
        socket.connect(broker, 2000);
      } catch (IOException e) {
        refusedConnections.incrementAndGet();
        close(socket);
        continue;
      }
      connections.incrementAndGet();
      try {
        misbehave(socket);
      } catch (IOException e) {
        // The broker closed the connection, as it should.
        close(socket);
      }
    }
    held.forEach(Attacker::close);
  }

  private void misbehave(Socket socket) throws IOException {
    socket.setSoTimeout(20);
    OutputStream out = socket.getOutputStream();
    boolean greeted = random.nextInt(10) > 0;
    if (greeted) {
      out.write(frames.handshake());
    }
    switch (random.nextInt(8)) {
      case 0 -> out.write(frames.noise());
      case 1 -> {
        byte[] request = frames.request();
        out.write(request, 0, random.nextInt(request.length));
        hold(socket);
        return;
      }
      case 2 -> {
        for (int i = 0; i < 200; i++) {
          out.write(frames.request());
        }
        hold(socket);
        return;
      }
      case 3 -> dribble(out, frames.request());
      default -> {
        for (int i = random.nextInt(1, 8); i > 0; i--) {
          out.write(hostileFrame());
        }
      }
    }
    readSome(socket.getInputStream());
    if (random.nextBoolean()) {
      // Closing then resets the connection.
      socket.setSoLinger(true, 0);
    }
    close(socket);
  }

  private byte[] hostileFrame() {
    byte[] mutated = frames.mutate(frames.request(), random.nextInt(4));
    return random.nextInt(4) > 0 ? FrameMutations.withRightLength(mutated) : mutated;
  }

  private static void dribble(OutputStream out, byte[] frame) throws IOException {
    for (byte b : frame) {
      out.write(b);
      out.flush();
    }
  }

  private static void readSome(InputStream in) throws IOException {
    byte[] bytes = new byte[4096];
    for (int i = 0; i < 8; i++) {
      if (in.read(bytes) < 0) {
        return;
      }
    }
  }

  /** Leaves the connection open and says nothing more. */
  private void hold(Socket socket) {
    held.add(socket);
    if (held.size() > HELD_CONNECTIONS) {
      close(held.remove());
    }
  }

  private static void close(Socket socket) {
    try {
      socket.close();
    } catch (IOException e) {
      throw new IllegalStateException("a socket cannot be closed", e);
    }
  }
}
