import json, pytest, httpx, openai, threading, time, socket
from tests.live import serving
from tests.live.leaks import *
def test_explore(gateway, locked, emulated, start):
    g=gateway
    def show(name, fn):
        try:
            r=fn()
            if isinstance(r, httpx.Response):
                print("##",name, r.status_code, r.text[:300], dict(r.headers) if 'H!' in name else '')
            else: print("##",name,r)
        except Exception as e:
            print("##",name,"EXC",type(e).__name__,str(e)[:600])
    show("raw //v1", lambda: g.raw(b"GET //v1/models HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")[:100])
    # oversize via SDK
    c=openai.OpenAI(api_key="x",base_url=g.url+"/v1",max_retries=0)
    show("sdk 413", lambda: c.chat.completions.create(model="chat",messages=[{"role":"user","content":"x"*9_000_000}]))
    show("sdk 413 6M", lambda: c.chat.completions.create(model="chat",messages=[{"role":"user","content":"x"*6_500_000}]))
    def gen():
        for _ in range(20): yield b" "*500_000
    show("chunked 413", lambda: g.http.post("/v1/chat/completions",content=gen(),headers={"content-type":"application/json"}))
    show("sdk 413 again", lambda: c.models.list().data[0].id)
    # half body
    mark=len(g.process.err)
    with g.connect() as s:
        s.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{\"model\":")
    for _ in range(20):
        g.http.get("/health/liveness")
    time.sleep(0.5)
    print("## half body log:", g.process.err[mark:][:3000])
    # faults
    M={"tgi":"tgi","chat":"chat","lines":"lines"}
    faults=[("validation_error",{}),("validation_error",{"message":"Endpoint tgi of account 111122223333 not found."}),("throttling",{}),("throttling",{"message":"Rate exceeded"}),("throttling",{"code":"SlowDown"}),("model_not_ready",{}),("internal_failure",{}),("service_unavailable",{}),("internal_dependency",{}),("access_denied",{}),("expired_token",{}),("no_capacity",{}),("unknown_operation",{}),("reset",{}),("html_page",{}),("html_page",{"status":200}),("html_page",{"status":302}),("html_page",{"status":403}),("html_page",{"status":404}),("html_page",{"status":429}),("html_page",{"status":503}),("html_page",{"status":413}),("html_page",{"status":401}),("html_page",{"status":204}),("model_unreadable",{}),("model_unreadable",{"status":500})]
    for st in (0,400,401,403,404,408,409,413,418,422,429,500,501,502,503,504,529,599,200,302): faults.append(("model_error",{"status":st}))
    faults+= [("model_error",{"status":400,"message":"Traceback (most recent call last):\n  File \"/opt/x.py\", line 3\nValueError: arn:aws:sagemaker:us-east-1:111122223333:endpoint/x in account 111122223333"}),("model_error",{"status":400,"message":json.dumps({"error":{"message":"bad top_p","type":"BadRequestError","param":"top_p","code":"bad_top_p"}})}),("model_error",{"status":400,"message":json.dumps({"detail":[{"loc":["body","x"],"msg":"field required"}]})}),("model_error",{"status":400,"message":"Inference Component has no capacity to process"}),("model_error",{"status":400,"message":json.dumps({"object":"error","message":"This model's maximum context length is 10 tokens","code":400})}), ("model_error",{"status":500,"message":""}),("model_error",{"status":400,"message":"x"*5000})]
    for name,opt in faults:
        for m in ("steady","steady-tgi"):
            for stream in (False,True):
                if m=="steady-tgi" and name in("unknown_operation","html_page") and stream: continue
                if m=="steady-tgi" and stream: continue
                emulated.forget()
                emulated.fault(m,name,**opt)
                def go():
                    r=g.stream(m) if stream else g.chat(m)
                    h=r.headers
                    if stream:
                        return r.status, r.events[:1], {k:h[k] for k in("retry-after","x-should-retry") if k in h}
                    return r.status_code, r.text[:250], {k:h[k] for k in("retry-after","x-should-retry") if k in h}
                show(f"{name} {str(opt)[:90]} {m} {stream}", go)
    emulated.forget()
    for name,opt in [("stream_error",{}),("stream_error",{"code":"ModelInvocationTimeExceeded"}),("stream_failure",{}),("error_frame",{}),("error_frame",{"code":"ThrottlingException"}),("truncated_frame",{}),("corrupted_crc",{}),("corrupted_crc",{"crc":"prelude"}),("reset_mid_stream",{}),("no_finish",{}),("unknown_event",{})]:
        for after in (0,1,3):
            o=dict(opt) if name=="no_finish" else {**opt,"after":after}
            for m in ("tgi","chat","lines"):
                emulated.forget(); emulated.fault(m,name,**o)
                def go():
                    t=g.stream(m); 
                    return t.status, len(t.events), t.done, t.error, t.text()[:60], {k:t.headers[k] for k in("retry-after","x-should-retry") if k in t.headers}
                show(f"{name} {o} {m}", go)
