package io.tailrace.broker.network;

import io.tailrace.protocol.message.MetadataResponse;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** Keeps requests until the test answers them. Thread-safe. */
final class HeldRequests implements RequestHandler {
  private final BlockingQueue<Request> held = new LinkedBlockingQueue<>();

  @Override
  public void handle(Request request) {
    held.add(request);
  }

  /** The one that has waited longest; waits until there is one. */
  Request take() throws InterruptedException {
    Request request = held.poll(TestServer.AWAIT_S, TimeUnit.SECONDS);
    if (request == null) {
      throw new AssertionError("no request within " + TestServer.AWAIT_S + " s");
    }
    return request;
  }

  int size() {
    return held.size();
  }

  static void answer(Request request) {
    request.respond(MetadataResponse.getDefaultInstance());
  }
}
