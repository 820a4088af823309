package io.tailrace.client.network;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.MessageLite;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.netty.util.collection.IntObjectHashMap;
import io.netty.util.collection.IntObjectMap;
import io.tailrace.client.TailraceException;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.frame.FrameCodec;
import io.tailrace.protocol.frame.FrameException;
import io.tailrace.protocol.frame.ResponseFrame;
import io.tailrace.protocol.message.HandshakeResponse;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A connection to one broker: pipelines requests, hands each its answer, gives up on those that are
 * not answered in time, and connects again when it is next used. Confined to its transport's
 * scheduler.
 *
 * <pre>
 *   IDLE ──────── send, connect ───────▶ CONNECTING ── handshake answered ──▶ READY
 *     ▲                                      │ failure, timeout                 │ lost
 *     └── first use after the wait ── BACKING_OFF ◀─────────────────────────────┘
 *   any ── close ──▶ CLOSED
 * </pre>
 */
public final class BrokerConnection {
  private static final Logger LOG = LoggerFactory.getLogger(BrokerConnection.class);

  /** How long a broker may be silent, beyond what its requests ask for, before it is suspect. */
  private static final int SUSPECT_AFTER_MS = 500;

  private static final int TICK_MS = 50;
  private static final int MAX_WAITING = 1024;

  private enum State {
    IDLE,
    CONNECTING,
    READY,
    BACKING_OFF,
    CLOSED
  }

  private final BrokerAddress address;
  private final Network network;
  private final ConnectionListener listener;
  private final Backoff backoff;
  private final IntObjectHashMap<BrokerRequest<?>> inFlight = new IntObjectHashMap<>();
  private final ArrayDeque<BrokerRequest<?>> waiting = new ArrayDeque<>();

  private State state = State.IDLE;
  private Session session;
  private Handshake handshake;
  private int nextCorrelationId;
  private long connectDeadlineMs;
  private long backoffUntilMs;
  private boolean reconnectScheduled;
  private long lastReceivedMs;

  /** When the silence began that is going on while something is unanswered; 0 = nothing is. */
  private long silentSinceMs;

  private long lastSuspectMs;
  private long lastOverdueMs;
  private boolean suspect;
  private boolean ticking;
  private String lastFailure = "not tried yet";
  private boolean failedForGood;
  private boolean refused;
  private Object fetchSessionOwner;

  BrokerConnection(BrokerAddress address, Network network, ConnectionListener listener) {
    this.address = address;
    this.network = network;
    this.listener = listener;
    this.backoff =
        new Backoff(
            network.config().backoffMs(), network.config().maxBackoffMs(), network.random());
  }

  /** The broker's address. */
  public BrokerAddress address() {
    return address;
  }

  /** Whether requests can be sent now. */
  public boolean ready() {
    return state == State.READY && session.link.writable();
  }

  /** Whether requests may be sent: it is ready or connecting, or no back-off is running. */
  public boolean usable() {
    return switch (state) {
      case IDLE, CONNECTING, READY -> true;
      case BACKING_OFF -> network.clock().monotonicMs() >= backoffUntilMs;
      case CLOSED -> false;
    };
  }

  /** Whether requests have been unanswered for longer than the broker should need. */
  public boolean suspect() {
    return suspect;
  }

  /** The cause of the last loss or failed attempt, for error messages. */
  public String lastFailure() {
    return lastFailure;
  }

  /**
   * Whether a retry is unlikely to help after the last attempt: the host is unknown, nothing
   * listens on the port, or the peer is not a broker.
   */
  public boolean failedForGood() {
    return failedForGood;
  }

  /** Whether nothing listened on the broker's port at the last attempt: its process has ended. */
  public boolean refused() {
    return refused;
  }

  /** The broker's answer to the handshake; null unless the connection is ready. */
  public HandshakeResponse peer() {
    return state == State.READY ? handshake.response() : null;
  }

  /** The largest frame that the broker accepts; 0 unless the connection is ready. */
  public int maxFrameBytes() {
    return state == State.READY ? handshake.response().getMaxFrameBytes() : 0;
  }

  /**
   * Reserves the connection's fetch session: a broker keeps one for each connection, and a second
   * one ends the first. The reservation outlasts a loss of the connection.
   *
   * @return whether the session belongs to this owner, which may have reserved it before
   */
  public boolean reserveFetchSession(Object owner) {
    if (fetchSessionOwner == null) {
      fetchSessionOwner = owner;
    }
    return fetchSessionOwner == owner;
  }

  /** Ends the reservation of an owner, if it has one. */
  public void releaseFetchSession(Object owner) {
    if (fetchSessionOwner == owner) {
      fetchSessionOwner = null;
    }
  }

  /**
   * Connects unless connected: now, or as soon as the back-off allows. {@link
   * ConnectionListener#onReady} follows, or {@link ConnectionListener#onLost}.
   */
  public void connect() {
    if (state == State.IDLE) {
      open();
    } else if (state == State.BACKING_OFF) {
      long wait = backoffUntilMs - network.clock().monotonicMs();
      if (wait <= 0) {
        open();
      } else if (!reconnectScheduled) {
        reconnectScheduled = true;
        network.scheduler().schedule(this::reconnect, wait);
      }
    }
  }

  private void reconnect() {
    reconnectScheduled = false;
    if (state == State.BACKING_OFF) {
      open();
    }
  }

  /**
   * Sends a request, and flushes those written before. The handler of a request that cannot be sent
   * is failed, perhaps before this method returns.
   */
  public void send(BrokerRequest<?> request) {
    write(request);
    flush();
  }

  /** As {@link #send}, but the request stays in the send buffer until {@link #flush()}. */
  public void write(BrokerRequest<?> request) {
    switch (state) {
      case READY -> writeNow(request);
      case IDLE, CONNECTING -> enqueue(request);
      case BACKING_OFF -> {
        if (network.clock().monotonicMs() >= backoffUntilMs) {
          enqueue(request);
        } else {
          refuse(request, "cannot be reached: " + lastFailure);
        }
      }
      case CLOSED -> refuse(request, "the connection is closed");
    }
  }

  /** Flushes the written requests to the socket. */
  public void flush() {
    if (state == State.READY) {
      session.link.flush();
    }
  }

  /**
   * Closes the connection: unanswered requests fail with {@code OUTCOME_UNKNOWN}.
   *
   * @param reason for the message
   */
  public void abandon(String reason) {
    if (state == State.READY || state == State.CONNECTING) {
      lose(ErrorCode.OUTCOME_UNKNOWN, reason, null);
    }
  }

  /** Closes the connection; it cannot be used again. */
  public void close() {
    if (state == State.CLOSED) {
      return;
    }
    lose(ErrorCode.OUTCOME_UNKNOWN, "the client was closed", null);
    state = State.CLOSED;
  }

  private void enqueue(BrokerRequest<?> request) {
    if (waiting.size() >= MAX_WAITING) {
      refuse(request, "has too many requests waiting for the connection");
      return;
    }
    waiting.add(request);
    connect();
  }

  private void refuse(BrokerRequest<?> request, String reason) {
    request.releaseRecords();
    fail(request, new TailraceException(ErrorCode.CONNECTION_FAILED, address + ": " + reason));
  }

  private void open() {
    if (state == State.BACKING_OFF) {
      network.counters().reconnects.increment();
    }
    state = State.CONNECTING;
    refused = false;
    int timeoutMs = network.config().connectTimeoutMs();
    connectDeadlineMs = network.clock().monotonicMs() + timeoutMs;
    session = new Session();
    network.transport().open(address.host(), address.port(), timeoutMs, session);
    startTicking();
  }

  private void writeNow(BrokerRequest<?> request) {
    Integer version = handshake.version(request.api);
    if (version == null) {
      request.releaseRecords();
      fail(request, handshake.unsupported(request.api, address));
      return;
    }
    int correlationId = nextCorrelationId++;
    ByteBuf head;
    try {
      head =
          FrameCodec.encodeRequest(
              PooledByteBufAllocator.DEFAULT,
              request.api,
              version,
              correlationId,
              request.body,
              request.recordsLength);
    } catch (OutOfMemoryError e) {
      request.releaseRecords();
      fail(
          request,
          new TailraceException(
              ErrorCode.BUFFER_FULL, address + ": the JVM has no memory left for a request", e));
      return;
    }
    int frameBytes = head.getInt(head.readerIndex());
    if (frameBytes > handshake.response().getMaxFrameBytes()) {
      head.release();
      request.releaseRecords();
      fail(
          request,
          new TailraceException(
              ErrorCode.FRAME_TOO_LARGE,
              address
                  + " accepts frames of "
                  + handshake.response().getMaxFrameBytes()
                  + " bytes (max.frame.bytes on the broker), this request has "
                  + frameBytes));
      return;
    }
    List<ByteBuf> records = request.records;
    request.records = List.of();
    try {
      session.link.write(head, records);
    } catch (OutOfMemoryError e) {
      // Part of the frame may have been sent; the broker ignores a frame without its rest.
      lose(ErrorCode.OUTCOME_UNKNOWN, "the JVM has no memory left to send a request", e);
      fail(
          request,
          new TailraceException(
              ErrorCode.BUFFER_FULL, address + ": the JVM has no memory left for a request", e));
      return;
    }
    if (request.answered) {
      request.sentAtMs = network.clock().monotonicMs();
      inFlight.put(correlationId, request);
      if (silentSinceMs == 0) {
        silentSinceMs = request.sentAtMs;
      }
      startTicking();
    } else {
      answer(request, new byte[0], Unpooled.EMPTY_BUFFER);
    }
  }

  private <R extends MessageLite> void answer(
      BrokerRequest<R> request, byte[] body, ByteBuf records) {
    try {
      tell(request, request.parser.parseFrom(body), records);
    } catch (InvalidProtocolBufferException e) {
      throw new IllegalStateException("an empty message is valid", e);
    }
  }

  private <R extends MessageLite> void tell(BrokerRequest<R> request, R body, ByteBuf records) {
    try {
      request.handler.onResponse(body, records);
    } catch (Throwable e) { // must not affect the connection's other requests
      LOG.error("a {} response of {} could not be handled", request.api, address, e);
    }
  }

  private static void fail(BrokerRequest<?> request, TailraceException error) {
    try {
      request.handler.onFailure(error);
    } catch (Throwable e) {
      LOG.error("the failure of a {} request could not be handled", request.api, e);
    }
  }

  private void onFrame(ByteBuf content) {
    ResponseFrame frame;
    try {
      frame = ResponseFrame.parse(content);
    } catch (FrameException e) {
      lose(ErrorCode.OUTCOME_UNKNOWN, e.getMessage(), e);
      return;
    }
    lastReceivedMs = network.clock().monotonicMs();
    suspect = false;
    try {
      if (state == State.CONNECTING) {
        onHandshake(frame);
      } else {
        onResponse(frame);
      }
    } catch (InvalidProtocolBufferException e) {
      lose(ErrorCode.OUTCOME_UNKNOWN, "answers with bytes that are no message", e);
    } finally {
      frame.release();
    }
  }

  private void onHandshake(ResponseFrame frame) throws InvalidProtocolBufferException {
    TailraceException refusal = null;
    if (frame.error() != ErrorCode.NONE) {
      refusal =
          new TailraceException(
              frame.error(), "refused the handshake: " + frame.header().getErrorMessage());
    } else {
      handshake = new Handshake(frame.body(HandshakeResponse.parser()));
      refusal = handshake.check(address);
    }
    if (refusal != null) {
      lose(refusal.code(), refusal.getMessage(), null);
      return;
    }
    state = State.READY;
    failedForGood = false;
    network.counters().connections.increment();
    backoff.reset();
    LOG.debug("connected to {}", address);
    while (state == State.READY && !waiting.isEmpty()) {
      writeNow(waiting.poll());
    }
    flush();
    listener.onReady(this);
  }

  private void onResponse(ResponseFrame frame) throws InvalidProtocolBufferException {
    BrokerRequest<?> request = inFlight.get(frame.header().getCorrelationId());
    boolean last = inFlight.size() == (request == null ? 0 : 1);
    silentSinceMs = last ? 0 : lastReceivedMs;
    if (request != null) { // otherwise it is an answer to a request that was given up
      deliver(request, frame);
    }
  }

  private <R extends MessageLite> void deliver(BrokerRequest<R> request, ResponseFrame frame)
      throws InvalidProtocolBufferException {
    if (frame.error() != ErrorCode.NONE) {
      inFlight.remove(frame.header().getCorrelationId());
      fail(
          request,
          new TailraceException(
              frame.error(),
              address + " answers " + frame.error() + ": " + frame.header().getErrorMessage()));
      return;
    }
    R body = parse(request, frame);
    inFlight.remove(frame.header().getCorrelationId());
    tell(request, body, frame.records());
  }

  private void lose(ErrorCode code, String reason, Throwable cause) {
    if (state == State.CLOSED) {
      return;
    }
    lastFailure = reason;
    LOG.debug("lost {}: {}", address, reason, cause);
    Session ended = session;
    session = null;
    suspect = false;
    silentSinceMs = 0;
    if (state == State.READY) {
      network.counters().connections.decrement();
    }
    if (state == State.READY || state == State.CONNECTING) {
      state = State.BACKING_OFF;
      backoffUntilMs = network.clock().monotonicMs() + backoff.nextMs();
    }
    if (ended != null && ended.link != null) {
      ended.link.close();
    }
    List<BrokerRequest<?>> unanswered = new ArrayList<>(inFlight.values());
    inFlight.clear();
    List<BrokerRequest<?>> unsent = new ArrayList<>(waiting);
    waiting.clear();
    for (BrokerRequest<?> request : unanswered) {
      fail(request, new TailraceException(code, address + ": " + reason, cause));
    }
    ErrorCode unsentCode =
        code == ErrorCode.OUTCOME_UNKNOWN || code == ErrorCode.REQUEST_TIMED_OUT
            ? ErrorCode.CONNECTION_FAILED
            : code;
    for (BrokerRequest<?> request : unsent) {
      request.releaseRecords();
      fail(request, new TailraceException(unsentCode, address + ": " + reason, cause));
    }
    listener.onLost(this);
  }

  private void startTicking() {
    if (!ticking) {
      ticking = true;
      network.scheduler().schedule(this::tick, TICK_MS);
    }
  }

  private void tick() {
    ticking = false;
    long now = network.clock().monotonicMs();
    if (state == State.CONNECTING) {
      if (now >= connectDeadlineMs) {
        lose(
            ErrorCode.OUTCOME_UNKNOWN,
            "no handshake within " + network.config().connectTimeoutMs() + " ms",
            null);
        return;
      }
      startTicking();
    } else if (state == State.READY && silentSinceMs != 0) {
      checkSilence(now);
      expire(now);
      if (state == State.READY && silentSinceMs != 0) {
        startTicking();
      }
    }
  }

  private void checkSilence(long now) {
    int longPollMs = 0;
    boolean late = false;
    boolean overdue = false;
    for (BrokerRequest<?> request : inFlight.values()) {
      long dueMs = request.sentAtMs + request.answeredAfterMs;
      late |= now - Math.max(dueMs, lastReceivedMs) >= SUSPECT_AFTER_MS;
      overdue |= now - dueMs >= SUSPECT_AFTER_MS;
      longPollMs = Math.max(longPollMs, request.answeredAfterMs);
    }
    if (now - silentSinceMs >= network.config().requestTimeoutMs() + longPollMs) {
      lose(ErrorCode.REQUEST_TIMED_OUT, "nothing came for " + (now - silentSinceMs) + " ms", null);
    } else if (late && (!suspect || now - lastSuspectMs >= SUSPECT_AFTER_MS)) {
      suspect = true;
      lastSuspectMs = now;
      listener.onSuspect(this);
    } else if (overdue && now - lastOverdueMs >= SUSPECT_AFTER_MS) {
      lastOverdueMs = now;
      listener.onOverdue(this);
    }
  }

  private void expire(long now) {
    List<Integer> expired = new ArrayList<>();
    for (IntObjectMap.PrimitiveEntry<BrokerRequest<?>> entry : inFlight.entries()) {
      if (now - entry.value().sentAtMs >= entry.value().timeoutMs) {
        expired.add(entry.key());
      }
    }
    for (int correlationId : expired) {
      BrokerRequest<?> request = inFlight.remove(correlationId);
      if (request != null) {
        fail(
            request,
            new TailraceException(
                ErrorCode.REQUEST_TIMED_OUT,
                address + " did not answer within " + request.timeoutMs + " ms"));
      }
    }
  }

  private static <R extends MessageLite> R parse(BrokerRequest<R> request, ResponseFrame frame)
      throws InvalidProtocolBufferException {
    return frame.body(request.parser);
  }

  /** One attempt at a link; events of an earlier attempt are ignored. */
  private final class Session implements LinkListener {
    private Link link;

    @Override
    public void onOpen(Link link) {
      if (session != this) {
        link.close();
        return;
      }
      this.link = link;
      link.write(Handshake.request(network.config(), nextCorrelationId++), List.of());
      link.flush();
    }

    @Override
    public void onFrame(ByteBuf content) {
      if (session == this) {
        BrokerConnection.this.onFrame(content);
      } else {
        content.release();
      }
    }

    @Override
    public void onWritable() {
      if (session == this && state == State.READY) {
        listener.onReady(BrokerConnection.this);
      }
    }

    @Override
    public void onClosed(Throwable cause) {
      if (session == this) {
        LinkFailure failure = LinkFailure.of(address.host(), cause, state == State.CONNECTING);
        failedForGood = failure.forGood();
        refused = failure.refused();
        String reason = failure.text();
        lose(ErrorCode.OUTCOME_UNKNOWN, reason, cause);
      }
    }
  }
}
