// The webcam: `viewfinder` shows it, and its button gives the picture to `take` as a File. `leave(failed)` is called when
// it goes off without one.
function createWebcam(viewfinder, take, leave) {
  const video = viewfinder.querySelector("video");
  let opened = 0; // permission may be given after the visitor has gone on to something else

  async function open() {
    const turn = ++opened;
    try {
      // On a phone the camera at its back; never mirrored, or no digit is read right.
      const stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
      if (turn !== opened) return stopAll(stream);
      video.srcObject = stream;
      await video.play();
    } catch {
      if (turn === opened) leave(true);
    }
  }

  function stopAll(stream) {
    for (const track of stream?.getTracks() ?? []) track.stop();
  }

  function close() {
    opened += 1;
    stopAll(video.srcObject);
    video.srcObject = null;
  }

  function shoot() {
    if (!video.videoWidth) return; // not there yet
    const canvas = Object.assign(document.createElement("canvas"), { width: video.videoWidth, height: video.videoHeight });
    canvas.getContext("2d").drawImage(video, 0, 0);
    close();
    canvas.toBlob((blob) => take([new File([blob], "camera.png", { type: blob.type })]));
  }

  viewfinder.querySelector(".shoot").addEventListener("click", shoot);
  // In another tab of the page nobody sees that the camera is on.
  new IntersectionObserver(([{ isIntersecting }]) => {
    if (isIntersecting || viewfinder.offsetParent || !video.srcObject) return;
    close();
    leave(false);
  }).observe(viewfinder);
  return { open, close };
}
