package io.tailrace.client.network;

import com.google.protobuf.MessageLite;
import io.netty.buffer.ByteBuf;
import io.tailrace.client.TailraceException;

/**
 * Told once what became of a request, on the scheduler of its connection.
 *
 * @param <R> the response's body
 */
public interface ResponseHandler<R extends MessageLite> {

  /**
   * The broker answered.
   *
   * @param body the response's body
   * @param records the record batches behind it: a view that ends with this call unless it is
   *     retained
   */
  void onResponse(R body, ByteBuf records);

  /**
   * The broker answered with an error that concerns the whole request, or did not answer, or the
   * request was never sent. {@code OUTCOME_UNKNOWN} and {@code REQUEST_TIMED_OUT} leave open
   * whether it was carried out; with every other code it was not.
   */
  void onFailure(TailraceException error);
}
