package io.tailrace.broker.network;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.MessageLite;
import io.netty.buffer.ByteBuf;
import io.tailrace.broker.service.FetchSessions;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.frame.ApiKey;
import io.tailrace.protocol.frame.FrameCodec;
import io.tailrace.protocol.frame.FrameException;
import io.tailrace.protocol.frame.RequestFrame;
import io.tailrace.protocol.message.PeerIdentity;
import io.tailrace.protocol.message.RequestHeader;
import java.util.List;
import java.util.Map;

/**
 * A connection that speaks the native protocol: handshake, requests in, responses out. Confined to
 * its event loop.
 *
 * <p>Requests are worked on at the same time and may be answered in any order; those of one
 * partition keep theirs.
 */
final class ClientConnection extends Connection {
  private final BrokerIdentity identity;
  private final PeerAdmission peers;
  private final NetworkLimits limits;
  private final Map<ApiKey, RequestHandler> handlers;
  private final FetchSessions fetchSessions = new FetchSessions(task -> loop().execute(task));

  /** What it said of itself; null before the handshake. */
  private PeerIdentity claim;

  private boolean peer;
  private boolean answersPings;

  ClientConnection(
      BrokerIdentity identity,
      PeerAdmission peers,
      Map<ApiKey, RequestHandler> handlers,
      ConnectionSetup setup) {
    super(setup, setup.limits().maxInFlightRequests());
    this.identity = identity;
    this.peers = peers;
    this.limits = setup.limits();
    this.handlers = handlers;
  }

  // ---- in ----

  @Override
  protected void handle(ByteBuf content) {
    RequestFrame frame;
    try {
      frame = RequestFrame.parse(content);
    } catch (FrameException e) {
      refuse(0, Refusal.INVALID_FRAME, e.code(), e.getMessage());
      return;
    }
    RequestHeader header = frame.header();
    ApiKey api = ApiKey.of(header.getApiKey());
    if (!isGreeted()) {
      greet(api, frame);
      return;
    }
    Request request = new Request(this, api, frame, System.nanoTime());
    begin(request);
    RequestChecks.Denial denial =
        isDraining()
            ? new RequestChecks.Denial(ErrorCode.SHUTTING_DOWN, "the broker is shutting down")
            : RequestChecks.ofRequest(api, header);
    if (denial == null && claim.getPings() && api != ApiKey.PING) {
      denial =
          new RequestChecks.Denial(
              ErrorCode.INVALID_REQUEST, "the handshake said that the connection is for pings");
    }
    if (denial == null) {
      dispatch(request);
    } else {
      request.fail(denial.code(), denial.message());
    }
  }

  private void dispatch(Request request) {
    request.guard(() -> handle(request)).run();
  }

  private void handle(Request request) {
    try {
      handlers.get(request.api()).handle(request);
    } catch (InvalidProtocolBufferException e) {
      request.fail(
          ErrorCode.INVALID_REQUEST,
          "the body is not a valid " + request.api() + " request: " + e.getMessage());
    }
  }

  private void greet(ApiKey api, RequestFrame frame) {
    int correlationId = frame.header().getCorrelationId();
    RequestChecks.Denial denial;
    try {
      denial = RequestChecks.ofHandshake(api, frame, hello -> claim = hello.getPeer());
    } finally {
      frame.release();
    }
    if (denial == null) {
      peer = peers.admits(claim);
      if (greet(peer)) {
        move(() -> write(correlationId, identity.greeting(limits.maxFrameBytes()), List.of()));
      }
    } else {
      refuse(correlationId, Refusal.INVALID_HANDSHAKE, denial.code(), denial.message());
    }
  }

  private void move(Runnable then) {
    boolean pings = peer && claim.getPings();
    move(
        pings,
        () -> {
          answersPings = pings;
          then.run();
        });
  }

  /** A broker may connect before its registration is known here. */
  @Override
  protected void onSecond() {
    if (claim == null || !isGreeted()) {
      return;
    }
    if (!peer && peers.admits(claim)) {
      peer = true;
      notePeer();
    }
    if (peer && claim.getPings() && !answersPings) {
      move(() -> {});
    }
  }

  @Override
  protected void refuse(Refusal refusal, ErrorCode code, String message) {
    refuse(0, refusal, code, message);
  }

  /** Sends the error and closes: the start of the next frame is not known. */
  private void refuse(int correlationId, Refusal refusal, ErrorCode code, String message) {
    refused(refusal, message);
    ByteBuf error = FrameCodec.encodeError(context().alloc(), correlationId, code, message);
    context().writeAndFlush(error).addListener(done -> context().close());
  }

  // ---- out ----

  void respond(Request request, MessageLite body, List<ByteBuf> records) {
    int written = 0;
    if (isClosed()) {
      records.forEach(ByteBuf::release);
    } else {
      written = write(request.correlationId(), body, records);
    }
    finish(request, written);
  }

  void fail(Request request, ErrorCode code, String message) {
    onPartFailed(code, message);
    int written = 0;
    if (!isClosed()) {
      try {
        ByteBuf error =
            FrameCodec.encodeError(context().alloc(), request.correlationId(), code, message);
        written = error.readableBytes();
        context().write(error, context().voidPromise());
        flushSoon();
      } catch (Throwable e) {
        breakOff(e);
      }
    }
    finish(request, written);
  }

  private int write(int correlationId, MessageLite body, List<ByteBuf> records) {
    int length = 0;
    for (int i = 0; i < records.size(); i++) {
      length += records.get(i).readableBytes();
    }
    ByteBuf head;
    try {
      head = FrameCodec.encodeResponse(context().alloc(), correlationId, body, length);
    } catch (Throwable e) { // there is no memory for it, for instance
      records.forEach(ByteBuf::release);
      breakOff(e);
      return 0;
    }
    length += head.readableBytes();
    context().write(head, context().voidPromise());
    for (int i = 0; i < records.size(); i++) {
      context().write(records.get(i), context().voidPromise());
    }
    flushSoon();
    return length;
  }

  FetchSessions fetchSessions() {
    return fetchSessions;
  }

  @Override
  protected void onEnded() {
    fetchSessions.close();
  }
}
