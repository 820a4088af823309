package io.tailrace.broker.simulation;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ConnectTimeoutException;
import io.tailrace.broker.simulation.SimulatedTime.SimulatedThread;
import io.tailrace.client.network.Link;
import io.tailrace.client.network.LinkListener;
import java.net.ConnectException;
import java.util.ArrayList;
import java.util.List;

/**
 * One connection of a {@link SimulatedNetwork}: the client's link, and the end that the node sends
 * on. Frames arrive in order in each direction. Not thread-safe.
 */
final class SimulatedConnection implements Link {
  private static final int LENGTH_BYTES = 4;

  private final SimulatedNetwork network;
  private final SimulatedTime time;
  private final SimulatedThread client;
  private final LinkListener listener;
  private final int place;
  private final int port;
  private final List<byte[]> written = new ArrayList<>();
  private SimulatedThread node;
  private SimulatedNetwork.Acceptor acceptor;
  private boolean cut;
  private boolean silent;
  private boolean lostToNode;
  private boolean lostToClient;
  private long lastAtNodeMs;
  private long lastAtClientMs;

  SimulatedConnection(
      SimulatedNetwork network,
      SimulatedTime time,
      SimulatedThread client,
      LinkListener listener,
      int place,
      int port) {
    this.network = network;
    this.time = time;
    this.client = client;
    this.listener = listener;
    this.place = place;
    this.port = port;
  }

  int port() {
    return port;
  }

  /** Connects to whatever serves the port when the client's first packet arrives. */
  void open(int timeoutMs) {
    if (network.blocks(place, port) || network.blocks(port, place)) {
      client.schedule(() -> listener.onClosed(new ConnectTimeoutException("no route")), timeoutMs);
      return;
    }
    client.schedule(
        () -> {
          node = network.threadAt(port);
          acceptor = network.acceptorAt(port);
          if (node == null) {
            listener.onClosed(new ConnectException("nothing listens on port " + port));
            return;
          }
          network.add(this);
          listener.onOpen(this);
        },
        Math.min(timeoutMs, network.delayMs()));
  }

  // ---- the client's end ----

  @Override
  public void write(ByteBuf head, List<ByteBuf> records) {
    ByteBuf frame = Unpooled.buffer();
    frame.writeBytes(head);
    head.release();
    for (ByteBuf part : records) {
      frame.writeBytes(part);
      part.release();
    }
    byte[] content = new byte[frame.readableBytes() - LENGTH_BYTES];
    frame.getBytes(LENGTH_BYTES, content);
    written.add(content);
  }

  @Override
  public void flush() {
    lostToNode |= network.blocks(place, port) && !written.isEmpty();
    for (byte[] content : written) {
      if (lostToNode) {
        break;
      }
      lastAtNodeMs = Math.max(lastAtNodeMs, time.nowMs() + network.delayMs());
      node.schedule(
          () -> {
            if (!cut && !silent) {
              time.note(content.length);
              acceptor.onFrame(this, Unpooled.wrappedBuffer(content));
            }
          },
          lastAtNodeMs - time.nowMs());
    }
    written.clear();
  }

  @Override
  public boolean writable() {
    return true;
  }

  @Override
  public void close() {
    if (!cut) {
      cut = true;
      network.remove(this);
      client.execute(() -> listener.onClosed(null));
    }
  }

  // ---- the node's end, and the network's ----

  /** Sends a frame with its length prefix; takes it over. */
  void send(ByteBuf frame) {
    byte[] content = new byte[frame.readableBytes() - LENGTH_BYTES];
    frame.getBytes(frame.readerIndex() + LENGTH_BYTES, content);
    frame.release();
    lostToClient |= network.blocks(port, place);
    if (lostToClient) {
      return;
    }
    lastAtClientMs = Math.max(lastAtClientMs, time.nowMs() + network.delayMs());
    client.schedule(
        () -> {
          if (!cut && !silent) {
            time.note(content.length);
            listener.onFrame(Unpooled.wrappedBuffer(content));
          }
        },
        lastAtClientMs - time.nowMs());
  }

  /** Resets the connection; what is on its way is lost. */
  void cut() {
    if (!cut) {
      cut = true;
      network.remove(this);
      client.schedule(() -> listener.onClosed(new ConnectException("reset")), network.delayMs());
    }
  }

  /** Whether something was lost on the way, behind which nothing arrives any more. */
  boolean isStuck() {
    return lostToNode || lostToClient;
  }

  /** Nothing arrives any more, and no end is told. */
  void silence() {
    silent = true;
  }
}
