package io.tailrace.broker.testkit;

import com.google.protobuf.MessageLite;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.frame.ApiKey;
import io.tailrace.protocol.frame.FrameCodec;
import io.tailrace.protocol.frame.ResponseFrame;
import io.tailrace.protocol.message.FetchRequest;
import io.tailrace.protocol.message.HandshakeRequest;
import io.tailrace.protocol.message.PartitionFetch;
import io.tailrace.protocol.message.PartitionProduce;
import io.tailrace.protocol.message.PeerIdentity;
import io.tailrace.protocol.message.ProduceRequest;
import io.tailrace.protocol.message.ProduceResponse;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;

/** A client that sends whatever a test wants, byte by byte. Not thread-safe. */
public final class RawClient implements AutoCloseable {
  private static final int TIMEOUT_MS = 30_000;

  private final Socket socket = new Socket();
  private int correlationId;

  public RawClient(InetSocketAddress address) throws IOException {
    socket.setTcpNoDelay(true);
    socket.setSoTimeout(TIMEOUT_MS);
    socket.connect(address, TIMEOUT_MS);
  }

  /** Sends bytes as they are. */
  public RawClient send(byte[] bytes) throws IOException {
    OutputStream out = socket.getOutputStream();
    out.write(bytes);
    out.flush();
    return this;
  }

  /** Sends the same bytes again and again, until the broker has closed the connection. */
  public void sendUntilClosed(byte[] bytes) {
    try {
      while (true) {
        send(bytes);
      }
    } catch (IOException e) {
      return; // that is how it ends
    }
  }

  /** Sends bytes as they are; a broker that has closed the connection already is fine. */
  public RawClient sendUnlessClosed(byte[] bytes) {
    try {
      return send(bytes);
    } catch (IOException e) {
      return this;
    }
  }

  /** A frame of such a request. */
  public byte[] request(ApiKey api, MessageLite body, byte[] records) {
    ByteBuf head =
        FrameCodec.encodeRequest(
            UnpooledByteBufAllocator.DEFAULT,
            api,
            api.maxVersion(),
            ++correlationId,
            body,
            records.length);
    try {
      return ByteBufUtil.getBytes(Unpooled.wrappedBuffer(head, Unpooled.wrappedBuffer(records)));
    } finally {
      head.release(); // else the leak detector speaks up in the output of some later test
    }
  }

  /**
   * Greets as a client should.
   *
   * @throws IOException also when the broker refuses
   */
  public RawClient greet() throws IOException {
    ErrorCode refusal = greet(hello().build());
    if (refusal != ErrorCode.NONE) {
      throw new IOException("the handshake was refused: " + refusal);
    }
    return this;
  }

  /** As {@link #greet()}, as another broker of the cluster. */
  public RawClient greet(PeerIdentity peer) throws IOException {
    introduce(peer);
    return this;
  }

  /** As {@link #greet(PeerIdentity)}; tells the answer. */
  public ErrorCode introduce(PeerIdentity peer) throws IOException {
    return greet(hello().setPeer(peer).build());
  }

  private static HandshakeRequest.Builder hello() {
    return HandshakeRequest.newBuilder().setMagic(FrameCodec.HANDSHAKE_MAGIC).setClientId("raw");
  }

  private ErrorCode greet(HandshakeRequest hello) throws IOException {
    send(request(ApiKey.HANDSHAKE, hello, new byte[0]));
    ResponseFrame answer = receive();
    answer.release();
    return answer.error();
  }

  /** Waits for a response. */
  public ResponseFrame receive() throws IOException {
    DataInputStream in = new DataInputStream(socket.getInputStream());
    byte[] content = new byte[in.readInt()];
    in.readFully(content);
    return ResponseFrame.parse(Unpooled.wrappedBuffer(content));
  }

  /** Asks for up to a mebibyte of a partition's records, and waits so long until there are any. */
  public static FetchRequest fetchRequest(String topic, int partition, long offset, int maxWaitMs) {
    return FetchRequest.newBuilder()
        .setMinBytes(1)
        .setMaxBytes(1 << 20)
        .setMaxWaitMs(maxWaitMs)
        .addPartitions(partitionFetch(topic, partition, offset))
        .build();
  }

  /** The part of a fetch that asks for up to a mebibyte of a partition's records. */
  public static PartitionFetch partitionFetch(String topic, int partition, long offset) {
    return PartitionFetch.newBuilder()
        .setTopic(topic)
        .setPartition(partition)
        .setOffset(offset)
        .setMaxBytes(1 << 20)
        .build();
  }

  /** Asks to write such bytes to a partition, as acks=all does. */
  public static ProduceRequest produceRequest(String topic, int partition, int recordsLength) {
    return ProduceRequest.newBuilder()
        .setAcks(-1)
        .setTimeoutMs(5_000)
        .addPartitions(
            PartitionProduce.newBuilder()
                .setTopic(topic)
                .setPartition(partition)
                .setRecordsLength(recordsLength))
        .build();
  }

  /** Sends batches to a partition, and waits for what the broker says about them. */
  public ErrorCode produce(String topic, int partition, byte[] batches) throws IOException {
    send(request(ApiKey.PRODUCE, produceRequest(topic, partition, batches.length), batches));
    ResponseFrame response = receive();
    if (response.error() != ErrorCode.NONE) {
      throw new IOException("the whole request failed: " + response.error());
    }
    return ErrorCode.of(response.body(ProduceResponse.parser()).getResults(0).getErrorCode());
  }

  /** Reads until the broker closes the connection. */
  public void awaitClosed() throws IOException {
    try {
      socket.getInputStream().transferTo(OutputStream.nullOutputStream());
    } catch (EOFException | SocketException e) {
      return; // a reset is a close as well
    }
  }

  public Socket socket() {
    return socket;
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
